"""From signal to action to measured effect; the register; what needs me."""
