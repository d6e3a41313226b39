"""How well a network learns: measured on a probe batch, judged by rules, told with a remedy."""
