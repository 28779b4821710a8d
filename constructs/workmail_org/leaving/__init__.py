"""Leaving: what an organization holds, and where each item of it goes.

Theory of operation. An organization is taken apart into items (`counting`): every address, member,
right, rule and setting is one. A destination walks through the organization once (`microsoft365`,
`google`, `zoho`, `imapsync`) and *places* items: into a row of a file, to a person who has to do
something by hand, or among what is lost. Row and entry of the ledger are made by the same call
(`placing`), so they cannot disagree; placing an item twice is a defect and raises. What a walk
leaves over is placed by the destination's own table, kind by kind; a kind that the table lacks
raises too. So every item is in exactly one entry, and the sums are right by construction.
"""
