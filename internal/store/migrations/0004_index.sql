-- +goose Up
-- One row per file seen in a workspace, indexed or not.
CREATE TABLE indexed_file (
  id            TEXT PRIMARY KEY,
  workspace_id  TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  path          TEXT NOT NULL,
  size          BIGINT NOT NULL,
  mtime_ns      BIGINT NOT NULL,
  inode         BIGINT NOT NULL DEFAULT 0,
  state         TEXT NOT NULL CHECK (state IN ('pending', 'indexed', 'skipped', 'failed')),
  reason        TEXT NOT NULL DEFAULT '',
  detail        TEXT NOT NULL DEFAULT '',
  attempts      BIGINT NOT NULL DEFAULT 0,
  retry_at      BIGINT NOT NULL DEFAULT 0,
  -- SHA-256 of the bytes that were extracted, hex; empty while not indexed.
  content_hash  TEXT NOT NULL DEFAULT '',
  type          TEXT NOT NULL DEFAULT '',
  encoding      TEXT NOT NULL DEFAULT '',
  title         TEXT NOT NULL DEFAULT '',
  -- Length of the extracted text in bytes and in characters (code points).
  text_bytes    BIGINT NOT NULL DEFAULT 0,
  text_chars    BIGINT NOT NULL DEFAULT 0,
  -- JSON array of [number, firstByte, endByte] per page, empty when the type has no pages.
  pages         TEXT NOT NULL DEFAULT '',
  -- JSON array of {"code","page","message"}: what of the file is not in the text.
  notes         TEXT NOT NULL DEFAULT '',
  chunk_count   BIGINT NOT NULL DEFAULT 0,
  extractor     TEXT NOT NULL DEFAULT '',
  -- workspaces.index_seq at which this row last changed.
  seq           BIGINT NOT NULL,
  indexed_at    BIGINT NOT NULL DEFAULT 0,
  UNIQUE (workspace_id, path)
);
CREATE INDEX indexed_file_seq ON indexed_file (workspace_id, seq);
CREATE INDEX indexed_file_state ON indexed_file (workspace_id, state, chunk_count);

-- The extracted text, cut into consecutive pieces without gap or overlap:
-- ordered by ordinal they join to the whole text. context_byte <= start_byte
-- tells from where this piece is shown to a reader or a model.
CREATE TABLE chunk (
  file_id      TEXT NOT NULL REFERENCES indexed_file (id) ON DELETE CASCADE,
  ordinal      BIGINT NOT NULL,
  context_byte BIGINT NOT NULL,
  start_byte   BIGINT NOT NULL,
  start_char   BIGINT NOT NULL,
  line         BIGINT NOT NULL,
  page         BIGINT NOT NULL DEFAULT 0,
  breadcrumb   TEXT NOT NULL DEFAULT '',
  text         TEXT NOT NULL,
  PRIMARY KEY (file_id, ordinal)
);

-- Files removed from the index, kept for a day so that every process sees the removal.
CREATE TABLE index_removal (
  workspace_id TEXT NOT NULL REFERENCES workspaces (id) ON DELETE CASCADE,
  file_id      TEXT NOT NULL,
  seq          BIGINT NOT NULL,
  removed_at   BIGINT NOT NULL,
  PRIMARY KEY (workspace_id, file_id)
);
CREATE INDEX index_removal_seq ON index_removal (workspace_id, seq);

-- What is known of a workspace's index as a whole; a missing row means: never synced.
CREATE TABLE index_state (
  workspace_id  TEXT PRIMARY KEY REFERENCES workspaces (id) ON DELETE CASCADE,
  last_sync_at  BIGINT NOT NULL DEFAULT 0,
  -- Highest seq of index_removal rows that were dropped: older copies of the index are worthless.
  removal_floor BIGINT NOT NULL DEFAULT 0,
  -- Identity of the folder that was indexed, to tell an emptied folder from one that is not mounted.
  root_id       TEXT NOT NULL DEFAULT '',
  -- Why the folder can not be read at present; empty when it can.
  missing       TEXT NOT NULL DEFAULT ''
);

-- +goose Down
DROP TABLE index_state;
DROP TABLE index_removal;
DROP TABLE chunk;
DROP TABLE indexed_file;
