"""The agent on a store box: devices in, facts out, print jobs done."""
