"""Sealed boxes: opening keys, boxes and the officers' shares."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

KEPT = ("sealed_box", "opening_share")


def upgrade() -> None:
    op.create_table(
        "opening_key",
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_opening_key_person_id")),
        sa.PrimaryKeyConstraint("person_id", name=op.f("pk_opening_key")),
    )
    op.create_table(
        "sealed_box",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("subject_kind", sa.String(), nullable=False),
        sa.Column("subject_id", sa.Uuid(), nullable=False),
        sa.Column("purpose", sa.String(), nullable=False),
        sa.Column("blob_bytes", sa.Integer(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("threshold", sa.Integer(), nullable=False),
        sa.Column("private_key", sa.LargeBinary(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(private_key IS NULL) = (opened_at IS NULL)", name="ck_sealed_box_opened"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sealed_box")),
        sa.UniqueConstraint("subject_kind", "subject_id", name=op.f("uq_sealed_box_subject_kind_subject_id")),
    )
    op.create_table(
        "opening_share",
        sa.Column("box_id", sa.Uuid(), nullable=False),
        sa.Column("person_id", sa.Uuid(), nullable=False),
        sa.Column("sealed_to", sa.LargeBinary(), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("words", sa.String(), nullable=True),
        sa.Column("handed_in_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("(words IS NULL) = (handed_in_at IS NULL)", name="ck_opening_share_handed_in"),
        sa.ForeignKeyConstraint(["box_id"], ["sealed_box.id"], name=op.f("fk_opening_share_box_id")),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_opening_share_person_id")),
        sa.PrimaryKeyConstraint("box_id", "person_id", name=op.f("pk_opening_share")),
    )
    op.create_index(op.f("ix_opening_share_person_id"), "opening_share", ["person_id"], unique=False)
    for table in KEPT:
        op.execute(
            f"CREATE TRIGGER kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )


def downgrade() -> None:
    op.drop_table("opening_share")
    op.drop_table("sealed_box")
    op.drop_table("opening_key")
