"""The words of every answer, by code and language: what happened, what it means, what to do next.

A station's own are in its module; here are those that all stations share.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from drivers.symbols.commands import Command
from edge_agent.stations.item_words import Money, derived
from edge_agent.stations.model import CHINESE, ENGLISH, Feedback
from edge_agent.stations.plurals import WRITER
from edge_agent.stations.reasons import SAID as REASONS_SAID
from edge_agent.stations.recalled import WORDS as RECALLED_WORDS
from edge_agent.stations.station import Says
from edge_agent.stations.table import STATIONS

SHARED: Final[Mapping[str, Says]] = {
    **RECALLED_WORDS,
    "not_saved": Says(
        en="NOT SAVED: this box could not store it. Call IT; do not go on scanning here.",
        zh="没有保存：本机存储出错。联系 IT，不要在这里继续扫描。",
    ),
    "not_saved_full": Says(
        en="NOT SAVED: this box's disk is full. Call IT; do not go on scanning here.",
        zh="没有保存：本机磁盘已满。联系 IT，不要在这里继续扫描。",
    ),
    "not_saved_damaged": Says(
        en="NOT SAVED: this box's storage is damaged. Call IT; do not go on scanning here.",
        zh="没有保存：本机存储损坏。联系 IT，不要在这里继续扫描。",
    ),
    "misread": Says(en="Not read: {reason} Scan it again.", zh="没读到：{reason} 再扫一次。"),
    "identify": Says(en="This is station {station}.", zh="这里是工位 {station}。"),
    "double_read": Says(en="Ignored double read of {symbol}.", zh="重复读取 {symbol}，已忽略。"),
    "unknown_command": Says(
        en="This box knows no command {word}. Print a new command sheet.", zh="本机不认识指令 {word}。重新打印指令表。"
    ),
    "no_task": Says(en="No task is open here. Scan {tasks} to begin one.", zh="当前没有任务。扫 {tasks} 之一开始。"),
    "left": Says(en="Left the task.", zh="已退出任务。"),
    "timed_out": Says(
        en="Nobody scanned for a while: the task was left. What was scanned is saved.",
        zh="有一段时间没有扫描，任务已退出。扫过的都已保存。",
    ),
    "not_here": Says(
        en="{command} has no meaning in this task. Scan DONE or STOP first.", zh="{command} 在当前任务中不可用。先扫 DONE 或 STOP。"
    ),
    "document_again": Says(en="{symbol} is this task's own barcode. Not added.", zh="{symbol} 是本任务自己的条码，没有计入。"),
    "nothing_to_undo": Says(en="There is nothing to take back here.", zh="这里没有可撤销的内容。"),
    "undo_too_late": Says(
        en="{what} is already with the printer and cannot be taken back. Throw the label away if it comes out.",
        zh="{what} 已送到打印机，不能撤销。如果打印出来，把标签丢掉。",
    ),
    "undo_not_possible": Says(en="{what} cannot be taken back here. Ask the office.", zh="{what} 不能在这里撤销。联系办公室处理。"),
    "drill_begun": Says(
        en="From here on nothing is real: nothing is booked, nothing prints. Scan DRILL again to end.",
        zh="从现在起都不是真实操作：不记账，不打印。再扫 DRILL 结束。",
    ),
    "drill_ended": Says(en="The training has ended: from here on everything is booked.", zh="练习结束，从现在起正常记账。"),
    "drill_task_open": Says(
        en="A task is open. Scan DONE or STOP first, then DRILL.", zh="任务还没结束。先扫 DONE 或 STOP，再扫 DRILL。"
    ),
    "drill_timed_out": Says(
        en="Nobody scanned for a while: the training has ended. From here on everything is booked.",
        zh="有一段时间没有扫描，练习已结束。从现在起正常记账。",
    ),
    "signed_in": Says(en="Hello {person}.", zh="{person}，你好。"),
    "signed_off": Says(en="Signed off: {person}.", zh="{person} 已签退。"),
    "signed_off_quiet": Says(
        en="Nobody scanned for a while: you are signed off. Scan your badge to go on.",
        zh="有一段时间没有扫描，已自动签退。扫工牌继续。",
    ),
    "not_offered": Says(en="That is not done at this station. Done here: {tasks}.", zh="这个工位不做这项工作。可做：{tasks}。"),
    "badge_unknown": Says(en="This box does not know this badge. Ask the office.", zh="本机不认识这张工牌。联系办公室。"),
    "sign_in_badge": Says(
        en="Nobody is signed in: not booked. Scan your badge, then scan it again.", zh="没有人签到，没有记账。先扫工牌，再重扫。"
    ),
    "sign_in_pin": Says(
        en="Nobody is signed in: not booked. Sign in at the screen with badge and PIN, then scan it again.",
        zh="没有人签到，没有记账。在屏幕上用工牌和 PIN 签到后重扫。",
    ),
    "number_next": Says(en="{number} of the next item. UNDO clears the number.", zh="下一件数量 {number}。扫 UNDO 清除数字。"),
    "number_bad": Says(en="1 to {most} at once. Type the number again.", zh="一次可记 1 到 {most}。重新输入数字。"),
    "document_unknown": Says(
        en="{document}: this box does not know its contents. Go on scanning; all of it is saved.",
        zh="{document}：本机没有它的内容。继续扫描，都会保存。",
    ),
    "wrong_document": Says(
        en="{symbol} is no number for this task. Scan the number that begins with {wanted}.",
        zh="{symbol} 不是本任务的单号。扫描以 {wanted} 开头的单号。",
    ),
    "bin_unknown": Says(
        en="This box knows no bin {symbol}. Scan the bin's barcode; scan {symbol} once more if it is right.",
        zh="本机没有货位 {symbol}。扫描货位条码；如果没扫错，再扫一次 {symbol}。",
    ),
    "ask_lot": Says(
        en="{name}: scan or type its lot number. NOTHING if there is none.", zh="{name}：扫描或输入批号。没有批号扫 NOTHING。"
    ),
    "ask_expiry": Says(
        en="{name}: scan or type its expiry date, such as 2027-03-31 or six digits 270331. NOTHING if there is none.",
        zh="{name}：扫描或输入到期日，如 2027-03-31，或六位数字 270331。没有到期日扫 NOTHING。",
    ),
    "ask_serial": Says(
        en="{name}: scan or type its serial number. NOTHING if there is none.",
        zh="{name}：扫描或输入序列号。没有序列号扫 NOTHING。",
    ),
    "asked_first": Says(
        en="{symbol} was not taken: first answer for {name}, or UNDO.", zh="{symbol} 没有记录：先补全 {name} 的信息，或扫 UNDO。"
    ),
    "no_date": Says(
        en="{symbol} is no date. Type it as 2027-03-31 or six digits 270331.",
        zh="{symbol} 不是日期。按 2027-03-31 或六位数字 270331 输入。",
    ),
    "date_past": Says(
        en="{date} is past. Type it again: the same date once more if it is right.",
        zh="{date} 已过期。重新输入；如果没错，再输入一次。",
    ),
    "date_far": Says(
        en="{date} is far away. Type it again: the same date once more if it is right.",
        zh="{date} 太远。重新输入；如果没错，再输入一次。",
    ),
    "too_long": Says(
        en="That is too long: {most} characters at most. Scan or type it again.", zh="太长：最多 {most} 个字符。重新扫描或输入。"
    ),
    "typed": Says(en="{typed} — DONE takes it, UNDO clears it.", zh="{typed} — 扫 DONE 确认，扫 UNDO 清除。"),
    "typed_undone": Says(en="{typed} is cleared.", zh="{typed} 已清除。"),
    "undone_asked": Says(en="Dropped: {name} was not taken in.", zh="已放弃：{name} 没有记录。"),
    "pin_needed": Says(en="Badge read. Type your PIN at the screen.", zh="工牌已读取。在屏幕上输入 PIN。"),
}
TRAINING: Final = Says(en="TRAINING — {text}", zh="【练习】{text}")

WORDS: Final[Mapping[str, Says]] = {**SHARED, **{code: says for station in STATIONS for code, says in station.words.items()}}
"""All of them; codes are the feedback's."""

COMMANDS: Final[Mapping[Command, Says]] = {
    **{station.command: station.title for station in STATIONS if station.command is not None},
    Command.CLUSTER: Says(en="Several lists with totes", zh="多单播种（周转箱）"),
    Command.SHORT: Says(en="Not enough on the shelf", zh="货架缺货"),
    Command.NOTHING: Says(en="Nothing there / none on it", zh="没有"),
    Command.PRINT: Says(en="Print", zh="打印"),
    Command.HOLD: Says(en="Put the order aside", zh="挂单"),
    Command.CONTINUE: Says(en="Go on with it", zh="取单"),
    Command.DISCOUNT: Says(en="Discount, in cents", zh="减价（分）"),
    Command.PERCENT: Says(en="Discount, in percent", zh="打折（百分比）"),
    **REASONS_SAID,
    Command.DITTO: Says(en="The same label again", zh="再打一张"),
    Command.DONE: Says(en="Done", zh="完成"),
    Command.UNDO: Says(en="Undo", zh="撤销"),
    Command.STOP: Says(en="Stop", zh="停止"),
    Command.DRILL: Says(en="Training on / off", zh="练习 开 / 关"),
    **{command: Says(en=str(command.digit), zh=str(command.digit)) for command in Command if command.digit is not None},
}
"""What a command is called on sheets and screens."""


def say(feedback: Feedback, language: str = ENGLISH, money: Money | None = None) -> str:
    """The answer, ready to be shown; in English where the language is not one of ours.  `money`: how amounts are written there."""
    args = {**feedback.args, **derived(feedback.args, matching(language), money)}
    text = WRITER.vformat(spoken(WORDS[feedback.code], language), (), args)
    return spoken(TRAINING, language).format(text=text) if feedback.training else text


def spoken(says: Says, language: str) -> str:
    return says.zh if matching(language) == CHINESE else says.en


def matching(language: str) -> str:
    """`en` or `zh-CN`, by a BCP 47 tag."""
    return CHINESE if language.lower().replace("_", "-").split("-")[0] == "zh" else ENGLISH


def catalogue(language: str) -> dict[str, str]:
    """The texts of all codes in a language, with their placeholders."""
    return {code: spoken(says, language) for code, says in WORDS.items()}
