"""Grants on views: what an administrator of PostgreSQL gave to readers outlives the drawing anew."""

import sqlalchemy as sa

from mdm.hub.views_sql import quoted

# One role may be all that an installation needs; it is used when it is there.
READER = "mdm_reader"

_GIVEN = """
select c.relname as view, null as part, x.privilege_type as privilege, x.is_grantable as further,
    case when x.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end as role
from pg_class c cross join lateral aclexplode(c.relacl) x
where c.relnamespace = to_regnamespace('golden') and c.relkind = 'v' and x.grantee <> c.relowner
union all
select c.relname, a.attname, x.privilege_type, x.is_grantable,
    case when x.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(x.grantee)) end
from pg_class c join pg_attribute a on a.attrelid = c.oid cross join lateral aclexplode(a.attacl) x
where c.relnamespace = to_regnamespace('golden') and c.relkind = 'v' and x.grantee <> c.relowner
order by 1, 2, 3, 5
"""


def given(connection: sa.Connection) -> list[sa.RowMapping]:
    """What has been granted on the views, before they are taken down."""
    if connection.dialect.name == "sqlite":
        return []
    return list(connection.execute(sa.text(_GIVEN)).mappings())


def give(connection: sa.Connection, grants: list[sa.RowMapping]) -> None:
    """Grant the same again, on views and columns that are still there, and what the readers' role needs."""
    if connection.dialect.name == "sqlite":
        return
    inspector = sa.inspect(connection)
    columns = {
        view: {c["name"] for c in inspector.get_columns(view, schema="golden")} for view in inspector.get_view_names("golden")
    }
    for g in grants:
        if g["view"] in columns and (g["part"] is None or g["part"] in columns[g["view"]]):
            part = "" if g["part"] is None else f" ({quoted(g['part'])})"
            further = " with grant option" if g["further"] else ""
            connection.exec_driver_sql(f"grant {g['privilege']}{part} on golden.{quoted(g['view'])} to {g['role']}{further}")
    if connection.execute(sa.text("select 1 from pg_roles where rolname = :role"), {"role": READER}).scalar():
        connection.exec_driver_sql(f"grant usage on schema golden to {READER}")
        connection.exec_driver_sql(f"grant select on all tables in schema golden to {READER}")
