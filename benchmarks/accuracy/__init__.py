"""How well records of one thing are found, on labelled sets, beside other tools."""
