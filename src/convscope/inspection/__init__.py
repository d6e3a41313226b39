"""Looking inside a network: every result is a frozen value that draws itself nowhere."""
