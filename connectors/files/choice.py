"""What the files connector may be told."""

from mdm.connector import Option

FORMATS = ("auto", "csv", "jsonl", "json", "excel", "parquet")

OPTIONS = (
    Option("path", (str, list), help="Which files: a folder, a pattern relative to mdm.toml, an s3:// or sftp:// address, or several.", required=True),
    Option("profile", str, help="The kind of delivery this is, such as nppes; fills in what is not set."),
    Option("format", str, "auto", "What is in them; told from the name if left out.", choices=FORMATS),
    Option("delimiter", str, help="What separates fields; told from the header if left out. `tab` for a tab."),
    Option("quote", str, '"', "What encloses fields; empty if nothing does."),
    Option("escape", str, "", "What stands before a character that is meant as text, such as a backslash."),
    Option("encoding", str, "auto", "Such as utf-8, cp1252 or utf-16; judged and reported if left out."),
    Option("header", (bool, list), True, "Whether the first line names the columns; or their names, if it does not."),
    Option("skip", int, 0, "How many lines stand before the header.", least=0),
    Option("footer", (int, str, list), help="How many lines follow the last record, or what such lines begin with."),
    Option("end_marker", str, "", "The line every file must end with, such as EOF; without it the file was cut off."),
    Option("frame", str, "", "What encloses each line of a printed list; a pipe in lists from SAP."),
    Option("sheet", str, help="Which sheet of a workbook; the first if left out."),
    Option("member", (str, list), help="Which files inside a zip, a tar or a folder: a pattern, or several; all if left out."),
    Option("comment", str, "", "Lines that begin with this character are passed over."),
    Option("records", (str, list), help="Where the list of records is inside a JSON document, with dots; of several, the first that is there."),
    Option("errors", str, help="Where a JSON document speaks of errors instead of records, with dots."),
    Option("expected", dict, help="Fields and the only values they may have; a row with another is rejected."),
    Option("deactivations", str, help="Files whose rows say only that a record is inactive: a pattern of names."),
    Option("manifest", (str, list), help="What must lie beside a file before it is read, such as {name}.md5 or {stem}.ok."),
    Option("settle", int, 0, "Leave out files that were written to less than so many seconds ago.", least=0),
    Option("skip_unchanged", bool, False, "Leave out files whose content has landed before."),
    Option("username", str, help="The user of an SFTP server, if the address does not say."),
    Option("password", str, help="The user's password, or the passphrase of the private key.", secret=True),
    Option("private_key", str, help="The user's private key.", secret=True),
    Option("host_key", (str, list), help="The key the SFTP server must show: `ssh-ed25519 AAAA...` or `SHA256:...`."),
    Option("endpoint_url", str, help="The address of an S3-style store that is not Amazon's."),
    Option("region", str, help="The store's region."),
    Option("access_key", str, help="The id of the store's access key; left out for a public bucket.", secret=True),
    Option("secret_key", str, help="The secret of the access key.", secret=True),
    Option("session_token", str, help="The token of a temporary access key.", secret=True),
    Option("page_rows", int, 50_000, "How many records are landed at a time.", least=1),
    Option("max_bytes", int, 100 << 30, "The largest file that is read, unpacked.", least=1),
    Option("max_ratio", int, 250, "How many times its packed size a file may unpack to.", least=1),
    Option("max_line", int, 16 << 20, "The longest line or JSON element that is read, in bytes.", least=1),
)  # fmt: skip
