"""The words of a fault in Chinese, by its code; English is `edge_agent.faults.WORDS`.  Not translated word by word."""

from __future__ import annotations

from typing import Final

FAULTS_ZH: Final[dict[str, str]] = {
    # printers
    "paper_out": "打印机缺纸。装好新纸卷，合上盖子，打印会自动继续。",
    "ribbon_out": "打印机碳带用完。换上新碳带，打印会自动继续。",
    "media_out": "标签或碳带用完。补上用完的耗材，打印会自动继续。",
    "cover_open": "打印机盖子开着。合上盖子，打印会自动继续。",
    "head_open": "打印头抬起。压好打印头，打印会自动继续。",
    "head_hot": "打印头过热。等一分钟，打印会自动继续。",
    "motor_hot": "打印机电机过热。等一分钟，打印会自动继续。",
    "cutter": "切刀卡住。关掉打印机，取出卡住的纸，再打开。",
    "paper_jam": "卡纸。打开盖子取出纸，再合上盖子。",
    "paper_feed": "打印机走不动纸。打开盖子，把纸卷放正，再合上。",
    "paper_path": "走纸通道里有残纸。打开盖子取出，再合上。",
    "presenter": "有一张已打印的纸停在出纸口。取走它，打印会自动继续。",
    "retract": "有一张已打印的纸没有取走。取走它，打印会自动继续。",
    "mark_not_found": "打印机找不到标签间隙。装上正确的标签并校准。",
    "mark_calibrate": "打印机找不到标签间隙。装上正确的标签并校准。",
    "paused": "打印机已暂停。按它的暂停键或走纸键，打印会自动继续。",
    "mechanical": "打印机报告机械故障。关机再开；如果又出现，联系 IT。",
    "head_element": "打印头损坏。联系 IT，这段时间用另一台打印机。",
    "head_detect": "打印机认不出打印头。关机再开；如果又出现，联系 IT。",
    "thermistor": "打印头测温元件损坏。联系 IT，这段时间用另一台打印机。",
    "firmware_config": "打印机自身设置损坏。联系 IT。",
    "wrong_resolution": "标签打印机的分辨率与设置不符。改正该设备的 dpi 选项。",
    "wrong_media": "打印机里的纸与设置不符。装上正确的纸，或改正 media 选项。",
    "printer_error": "打印机报告它无法消除的错误。关机再开；如果又出现，联系 IT。",
    "offline": "打印机处于脱机状态。按它的联机键或走纸键。",
    "no_answer": "设备没有回应。看看电源是否打开、线是否插好。",
    # scales
    "over_capacity": "秤上太重。拿下一些。",
    "under_zero": "秤低于零。清空秤盘，按置零键。",
    "outside_zero": "秤找不到零点。清空秤盘，关机再开。",
    "motion": "秤还在晃动。等它稳定。",
    "under_capacity": "秤的读数低于称量范围。放好秤盘，按置零键。",
    "scale_busy": "秤还没准备好：正在晃动或校准。等它稳定。",
    "tare_refused": "秤没有接受去皮。放上量程以内的东西再试一次。",
    "scale_expanded": "秤显示放大十倍的读数，处于维修模式。在秤上退出该模式。",
    "scale_memory": "秤的存储损坏。关机再开；如果又出现，联系 IT。",
    "scale_calibration": "秤丢失了校准数据。校准之后才能用它称重。",
    "scale_error": "秤报告错误。关机再开；如果又出现，联系 IT。",
    "below_minimum": "秤上的东西太轻，称不准。放重一些的东西。",
    "not_weighing": "秤正在计数或显示别的内容。切换到称重。",
    "no_weight": "秤没有给出重量。放上东西，或者拿起再放下；看看秤是否开着。",
    # any device
    "absent": "设备不在。",
    "device_swapped": "这里插的是另一台设备。在主机确认由它接替，或插回原来那台。",
    "unsupported": "这台设备做不到。",
    "unreadable": "设备发来的内容读不懂。如果一直这样，检查线缆和设置。",
    "device_timeout": "设备中途没有回应。",
    # print jobs
    "interrupted": "打印过程中主机停了。看看打印机：说明是否打出来了，或者重新打印。",
    "template_unavailable": "主机还没有这个模板，控制器也没有回应。会自动再试。",
    "stood_in": "该用的打印机没有就绪。由另一台代为打印。",
    "unknown_printer": "主机没有这台打印机。检查主机设置，或换一台打印。",
    "internal_error": "打印时主机内部出错，日志里写了原因。联系 IT。",
}

IN_DOUBT_ZH: Final = "不知道这张是否打出来了。看看打印机，说明是否打出来了；只有没打出来才重打，并标注“副本”。"
