"""How the small models that ship with the appliance were made: sets, scripts, and what they are worth."""
