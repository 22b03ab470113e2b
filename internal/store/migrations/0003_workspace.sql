-- +goose Up
CREATE TABLE workspaces (
  id             TEXT PRIMARY KEY,
  owner_user_id  TEXT NOT NULL REFERENCES users (id),
  name           TEXT NOT NULL,
  description    TEXT NOT NULL DEFAULT '',
  -- Canonical absolute folder. Unique: one folder is one workspace.
  folder_path    TEXT NOT NULL UNIQUE,
  -- Raised by one on every committed change of the workspace's index.
  index_seq      BIGINT NOT NULL DEFAULT 0,
  last_opened_at BIGINT NOT NULL,
  created_at     BIGINT NOT NULL,
  updated_at     BIGINT NOT NULL
);
CREATE INDEX workspaces_owner ON workspaces (owner_user_id, last_opened_at);

CREATE TABLE trash (
  id            TEXT PRIMARY KEY,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  original_path TEXT NOT NULL,
  kind          TEXT NOT NULL CHECK (kind IN ('file', 'directory', 'symlink')),
  size          BIGINT NOT NULL,
  deleted_by    TEXT NOT NULL,
  deleted_at    BIGINT NOT NULL
);
CREATE INDEX trash_workspace ON trash (workspace_id, deleted_at);

-- +goose Down
DROP TABLE trash;
DROP TABLE workspaces;
