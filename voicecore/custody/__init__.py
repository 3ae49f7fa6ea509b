"""What is kept of callers, across store, vault and audit: opened, proved, retained and erased.

What erasing guarantees: when it returns, no file of the box's data holds the caller's words, recordings,
secrets or the wrapped keys of their calls; the databases overwrite what they delete and their logs are
emptied. Disk blocks that the file system gave up, snapshots and backups may hold sealed content and
wrapped keys: noise without the master key, and ``voicecore vault rotate`` makes it noise with the
present one, too. Whatever held the old master key (old blocks of its file; of a token, nothing) must not
be backed up with the data. What was exported, and the audit's redacted records, are not touched.
"""

from voicecore.custody.custodian import SEALED, Custodian, Gone, Person
from voicecore.custody.house import custodian, open_audit, open_keys

__all__ = ["SEALED", "Custodian", "Gone", "Person", "custodian", "open_audit", "open_keys"]
