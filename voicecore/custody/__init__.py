"""What is kept of callers, across store, vault and audit: opened, proved, retained and erased."""

from voicecore.custody.custodian import SEALED, Custodian, Gone, Person
from voicecore.custody.house import custodian, open_audit, open_keys

__all__ = ["SEALED", "Custodian", "Gone", "Person", "custodian", "open_audit", "open_keys"]
