-- When an issue bore tags that block it, derived from its changelog:
-- delivery.EncodeTagged.

-- +goose Up
ALTER TABLE {{local "issues"}} {{on}} ADD COLUMN IF NOT EXISTS tagged String CODEC(ZSTD(1));

{{distributedColumn "issues" "tagged String"}}
