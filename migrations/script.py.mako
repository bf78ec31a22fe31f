"""${message.partition(" ")[2]}."""
<%
def shown(value):
    if not value:
        return "None"
    parts = [value] if isinstance(value, str) else list(value)
    texts = ['"' + part + '"' for part in parts]
    return texts[0] if len(texts) == 1 else "(" + ", ".join(texts) + ")"
%>
import sqlalchemy as sa
from alembic import op
${imports if imports else ""}
revision = ${shown(up_revision)}
down_revision = ${shown(down_revision)}
branch_labels = ${shown(branch_labels)}
depends_on = ${shown(depends_on)}


def upgrade() -> None:
    ${upgrades if upgrades else "pass"}


def downgrade() -> None:
    ${downgrades if downgrades else "pass"}
