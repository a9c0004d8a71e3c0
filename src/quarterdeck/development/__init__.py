"""The director's own growth: discover, discuss, deliver, demonstrate."""
