"""Measurements with goals: each module gives figures, the runner prints and reports them."""
