-- When issues bore tags that block them, derived with their histories from events;
-- those of issues that were stored before are still to be.

-- +goose Up
ALTER TABLE histories ADD COLUMN tagged TEXT NOT NULL DEFAULT ''; -- delivery.EncodeTagged
CREATE INDEX histories_tagged ON histories (issue, tagged) WHERE tagged <> '';

-- From and to which histories.issue that is to be done: nothing when from is beyond to.
ALTER TABLE state ADD COLUMN tags_from INTEGER NOT NULL DEFAULT 1;
ALTER TABLE state ADD COLUMN tags_to INTEGER NOT NULL DEFAULT 0;
UPDATE state SET tags_to = (SELECT coalesce(max(issue), 0) FROM histories);

-- Issues whose instants contradict each other.
CREATE INDEX issues_resolved_early ON issues (pk) WHERE resolved_at > 0 AND resolved_at < created_at;
