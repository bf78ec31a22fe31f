"""First tables of the entities."""

import sqlalchemy as sa
from alembic import op

revision = "entities_0001_acc45f"
down_revision = None
branch_labels = "entities"
depends_on = None


def upgrade() -> None:
    op.create_table(
        "hcp_child_address",
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("line_1", sa.Text(), nullable=True),
        sa.Column("line_2", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", "from_run", name=op.f("pk_hcp_child_address")),
    )
    with op.batch_alter_table("hcp_child_address") as batch_op:
        batch_op.create_index(batch_op.f("ix_hcp_child_address_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "hcp_child_identifier",
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", "from_run", name=op.f("pk_hcp_child_identifier")),
    )
    with op.batch_alter_table("hcp_child_identifier") as batch_op:
        batch_op.create_index(batch_op.f("ix_hcp_child_identifier_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "hcp_child_licence",
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", "from_run", name=op.f("pk_hcp_child_licence")),
    )
    with op.batch_alter_table("hcp_child_licence") as batch_op:
        batch_op.create_index(batch_op.f("ix_hcp_child_licence_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "hcp_golden",
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("prefix", sa.Text(), nullable=True),
        sa.Column("given_name", sa.Text(), nullable=True),
        sa.Column("middle_name", sa.Text(), nullable=True),
        sa.Column("family_name", sa.Text(), nullable=True),
        sa.Column("second_family_name", sa.Text(), nullable=True),
        sa.Column("suffix", sa.Text(), nullable=True),
        sa.Column("credentials", sa.Text(), nullable=True),
        sa.Column("npi", sa.Text(), nullable=True),
        sa.Column("orcid", sa.Text(), nullable=True),
        sa.Column("specialty", sa.Text(), nullable=True),
        sa.Column("specialties", sa.Text(), nullable=True),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("gender", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("opt_out", sa.Boolean(), nullable=True),
        sa.Column("site_id", sa.Text(), nullable=True),
        sa.Column("source_count", sa.Integer(), nullable=False),
        sa.Column("created_run", sa.Integer(), nullable=False),
        sa.Column("founder", sa.BigInteger(), nullable=False),
        sa.Column("sole", sa.BigInteger(), nullable=True),
        sa.Column("winners", sa.Text(), nullable=True),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("golden_id", "from_run", name=op.f("pk_hcp_golden")),
    )
    with op.batch_alter_table("hcp_golden") as batch_op:
        batch_op.create_index(batch_op.f("ix_hcp_golden_npi"), ["npi"], unique=False)
        batch_op.create_index(batch_op.f("ix_hcp_golden_orcid"), ["orcid"], unique=False)

    op.create_table(
        "hcp_membership",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "from_run", name=op.f("pk_hcp_membership")),
    )
    with op.batch_alter_table("hcp_membership") as batch_op:
        batch_op.create_index(batch_op.f("ix_hcp_membership_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "hcp_pair",
        sa.Column("a", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("b", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("rule", sa.Integer(), nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", "from_run", name=op.f("pk_hcp_pair")),
    )
    with op.batch_alter_table("hcp_pair") as batch_op:
        batch_op.create_index(batch_op.f("ix_hcp_pair_b"), ["b"], unique=False)

    op.create_table(
        "hcp_quarantined",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "rule", "attribute", "from_run", name=op.f("pk_hcp_quarantined")),
    )
    op.create_table(
        "hcp_question",
        sa.Column("a", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("b", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", "from_run", name=op.f("pk_hcp_question")),
    )
    op.create_table(
        "hcp_relation",
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("to_entity", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("study", sa.Text(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", "from_run", name=op.f("pk_hcp_relation")),
    )
    with op.batch_alter_table("hcp_relation") as batch_op:
        batch_op.create_index(batch_op.f("ix_hcp_relation_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "material_child_identifier",
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", "from_run", name=op.f("pk_material_child_identifier")),
    )
    with op.batch_alter_table("material_child_identifier") as batch_op:
        batch_op.create_index(batch_op.f("ix_material_child_identifier_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "material_golden",
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("description", sa.Text(), nullable=True),
        sa.Column("level", sa.Text(), nullable=True),
        sa.Column("substances", sa.Text(), nullable=True),
        sa.Column("strength", sa.Text(), nullable=True),
        sa.Column("strength_value", sa.Float(), nullable=True),
        sa.Column("strength_unit", sa.Text(), nullable=True),
        sa.Column("dose_form", sa.Text(), nullable=True),
        sa.Column("route", sa.Text(), nullable=True),
        sa.Column("pack_size", sa.BigInteger(), nullable=True),
        sa.Column("protocol", sa.Text(), nullable=True),
        sa.Column("manufacturer", sa.Text(), nullable=True),
        sa.Column("part_number", sa.Text(), nullable=True),
        sa.Column("authorisation", sa.Text(), nullable=True),
        sa.Column("presentation", sa.Text(), nullable=True),
        sa.Column("gtin", sa.Text(), nullable=True),
        sa.Column("ndc", sa.Text(), nullable=True),
        sa.Column("ndc_labeler", sa.Text(), nullable=True),
        sa.Column("ndc_product", sa.Text(), nullable=True),
        sa.Column("ndc_package", sa.Text(), nullable=True),
        sa.Column("unii", sa.Text(), nullable=True),
        sa.Column("cas", sa.Text(), nullable=True),
        sa.Column("storage", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("made_of_id", sa.Text(), nullable=True),
        sa.Column("source_count", sa.Integer(), nullable=False),
        sa.Column("created_run", sa.Integer(), nullable=False),
        sa.Column("founder", sa.BigInteger(), nullable=False),
        sa.Column("sole", sa.BigInteger(), nullable=True),
        sa.Column("winners", sa.Text(), nullable=True),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("golden_id", "from_run", name=op.f("pk_material_golden")),
    )
    with op.batch_alter_table("material_golden") as batch_op:
        batch_op.create_index(batch_op.f("ix_material_golden_gtin"), ["gtin"], unique=False)
        batch_op.create_index(batch_op.f("ix_material_golden_ndc"), ["ndc"], unique=False)
        batch_op.create_index(batch_op.f("ix_material_golden_unii"), ["unii"], unique=False)

    op.create_table(
        "material_membership",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "from_run", name=op.f("pk_material_membership")),
    )
    with op.batch_alter_table("material_membership") as batch_op:
        batch_op.create_index(batch_op.f("ix_material_membership_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "material_pair",
        sa.Column("a", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("b", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("rule", sa.Integer(), nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", "from_run", name=op.f("pk_material_pair")),
    )
    with op.batch_alter_table("material_pair") as batch_op:
        batch_op.create_index(batch_op.f("ix_material_pair_b"), ["b"], unique=False)

    op.create_table(
        "material_quarantined",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "rule", "attribute", "from_run", name=op.f("pk_material_quarantined")),
    )
    op.create_table(
        "material_question",
        sa.Column("a", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("b", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", "from_run", name=op.f("pk_material_question")),
    )
    op.create_table(
        "material_relation",
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("to_entity", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("study", sa.Text(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", "from_run", name=op.f("pk_material_relation")),
    )
    with op.batch_alter_table("material_relation") as batch_op:
        batch_op.create_index(batch_op.f("ix_material_relation_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "site_child_address",
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("line_1", sa.Text(), nullable=True),
        sa.Column("line_2", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", "from_run", name=op.f("pk_site_child_address")),
    )
    with op.batch_alter_table("site_child_address") as batch_op:
        batch_op.create_index(batch_op.f("ix_site_child_address_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "site_child_identifier",
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=True),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", "from_run", name=op.f("pk_site_child_identifier")),
    )
    with op.batch_alter_table("site_child_identifier") as batch_op:
        batch_op.create_index(batch_op.f("ix_site_child_identifier_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "site_golden",
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("other_names", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("npi", sa.Text(), nullable=True),
        sa.Column("ror", sa.Text(), nullable=True),
        sa.Column("fei", sa.Text(), nullable=True),
        sa.Column("duns", sa.Text(), nullable=True),
        sa.Column("ctep", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postcode", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("web", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=True),
        sa.Column("parent_id", sa.Text(), nullable=True),
        sa.Column("source_count", sa.Integer(), nullable=False),
        sa.Column("created_run", sa.Integer(), nullable=False),
        sa.Column("founder", sa.BigInteger(), nullable=False),
        sa.Column("sole", sa.BigInteger(), nullable=True),
        sa.Column("winners", sa.Text(), nullable=True),
        sa.Column("digest", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("golden_id", "from_run", name=op.f("pk_site_golden")),
    )
    with op.batch_alter_table("site_golden") as batch_op:
        batch_op.create_index(batch_op.f("ix_site_golden_ctep"), ["ctep"], unique=False)
        batch_op.create_index(batch_op.f("ix_site_golden_duns"), ["duns"], unique=False)
        batch_op.create_index(batch_op.f("ix_site_golden_fei"), ["fei"], unique=False)
        batch_op.create_index(batch_op.f("ix_site_golden_npi"), ["npi"], unique=False)
        batch_op.create_index(batch_op.f("ix_site_golden_ror"), ["ror"], unique=False)

    op.create_table(
        "site_membership",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "from_run", name=op.f("pk_site_membership")),
    )
    with op.batch_alter_table("site_membership") as batch_op:
        batch_op.create_index(batch_op.f("ix_site_membership_golden_id"), ["golden_id"], unique=False)

    op.create_table(
        "site_pair",
        sa.Column("a", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("b", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("rule", sa.Integer(), nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", "from_run", name=op.f("pk_site_pair")),
    )
    with op.batch_alter_table("site_pair") as batch_op:
        batch_op.create_index(batch_op.f("ix_site_pair_b"), ["b"], unique=False)

    op.create_table(
        "site_quarantined",
        sa.Column("record_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("attribute", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=True),
        sa.Column("stale", sa.Boolean(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", "rule", "attribute", "from_run", name=op.f("pk_site_quarantined")),
    )
    op.create_table(
        "site_question",
        sa.Column("a", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("b", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("weight", sa.Float(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("priority", sa.Float(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("a", "b", "from_run", name=op.f("pk_site_question")),
    )
    op.create_table(
        "site_relation",
        sa.Column("row_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("golden_id", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("to_entity", sa.Text(), nullable=False),
        sa.Column("to_id", sa.Text(), nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.Text(), nullable=True),
        sa.Column("valid_to", sa.Text(), nullable=True),
        sa.Column("number", sa.Text(), nullable=True),
        sa.Column("study", sa.Text(), nullable=True),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("record_id", sa.BigInteger(), nullable=False),
        sa.Column("from_run", sa.Integer(), nullable=False),
        sa.Column("to_run", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("row_id", "from_run", name=op.f("pk_site_relation")),
    )
    with op.batch_alter_table("site_relation") as batch_op:
        batch_op.create_index(batch_op.f("ix_site_relation_golden_id"), ["golden_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("site_relation") as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_relation_golden_id"))

    op.drop_table("site_relation")
    op.drop_table("site_question")
    op.drop_table("site_quarantined")
    with op.batch_alter_table("site_pair") as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_pair_b"))

    op.drop_table("site_pair")
    with op.batch_alter_table("site_membership") as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_membership_golden_id"))

    op.drop_table("site_membership")
    with op.batch_alter_table("site_golden") as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_golden_ror"))
        batch_op.drop_index(batch_op.f("ix_site_golden_npi"))
        batch_op.drop_index(batch_op.f("ix_site_golden_fei"))
        batch_op.drop_index(batch_op.f("ix_site_golden_duns"))
        batch_op.drop_index(batch_op.f("ix_site_golden_ctep"))

    op.drop_table("site_golden")
    with op.batch_alter_table("site_child_identifier") as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_child_identifier_golden_id"))

    op.drop_table("site_child_identifier")
    with op.batch_alter_table("site_child_address") as batch_op:
        batch_op.drop_index(batch_op.f("ix_site_child_address_golden_id"))

    op.drop_table("site_child_address")
    with op.batch_alter_table("material_relation") as batch_op:
        batch_op.drop_index(batch_op.f("ix_material_relation_golden_id"))

    op.drop_table("material_relation")
    op.drop_table("material_question")
    op.drop_table("material_quarantined")
    with op.batch_alter_table("material_pair") as batch_op:
        batch_op.drop_index(batch_op.f("ix_material_pair_b"))

    op.drop_table("material_pair")
    with op.batch_alter_table("material_membership") as batch_op:
        batch_op.drop_index(batch_op.f("ix_material_membership_golden_id"))

    op.drop_table("material_membership")
    with op.batch_alter_table("material_golden") as batch_op:
        batch_op.drop_index(batch_op.f("ix_material_golden_unii"))
        batch_op.drop_index(batch_op.f("ix_material_golden_ndc"))
        batch_op.drop_index(batch_op.f("ix_material_golden_gtin"))

    op.drop_table("material_golden")
    with op.batch_alter_table("material_child_identifier") as batch_op:
        batch_op.drop_index(batch_op.f("ix_material_child_identifier_golden_id"))

    op.drop_table("material_child_identifier")
    with op.batch_alter_table("hcp_relation") as batch_op:
        batch_op.drop_index(batch_op.f("ix_hcp_relation_golden_id"))

    op.drop_table("hcp_relation")
    op.drop_table("hcp_question")
    op.drop_table("hcp_quarantined")
    with op.batch_alter_table("hcp_pair") as batch_op:
        batch_op.drop_index(batch_op.f("ix_hcp_pair_b"))

    op.drop_table("hcp_pair")
    with op.batch_alter_table("hcp_membership") as batch_op:
        batch_op.drop_index(batch_op.f("ix_hcp_membership_golden_id"))

    op.drop_table("hcp_membership")
    with op.batch_alter_table("hcp_golden") as batch_op:
        batch_op.drop_index(batch_op.f("ix_hcp_golden_orcid"))
        batch_op.drop_index(batch_op.f("ix_hcp_golden_npi"))

    op.drop_table("hcp_golden")
    with op.batch_alter_table("hcp_child_licence") as batch_op:
        batch_op.drop_index(batch_op.f("ix_hcp_child_licence_golden_id"))

    op.drop_table("hcp_child_licence")
    with op.batch_alter_table("hcp_child_identifier") as batch_op:
        batch_op.drop_index(batch_op.f("ix_hcp_child_identifier_golden_id"))

    op.drop_table("hcp_child_identifier")
    with op.batch_alter_table("hcp_child_address") as batch_op:
        batch_op.drop_index(batch_op.f("ix_hcp_child_address_golden_id"))

    op.drop_table("hcp_child_address")
