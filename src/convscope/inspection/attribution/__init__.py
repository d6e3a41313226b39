"""Which pixels an answer depends on, by captum, each map with a label of trust."""
