"""Whether a whole call sends anything to anybody but the PBX: counted on the wire of a network namespace."""
