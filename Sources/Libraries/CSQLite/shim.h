#pragma once

#include <sqlite3.h>

// Macros and variadic functions that Swift cannot import.

static inline int afterimage_sqlite_bind_text(sqlite3_stmt *statement, int index, const void *bytes, int length) {
  return sqlite3_bind_text(statement, index, (const char *)bytes, length, SQLITE_TRANSIENT);
}

static inline int afterimage_sqlite_bind_blob(sqlite3_stmt *statement, int index, const void *bytes, int length) {
  return sqlite3_bind_blob(statement, index, bytes, length, SQLITE_TRANSIENT);
}

static inline int afterimage_sqlite_set_flag(sqlite3 *database, int option, int on) {
  int now = 0;
  return sqlite3_db_config(database, option, on, &now);
}

// The bytes must stay as they are until the statement has run.
static inline int afterimage_sqlite_bind_text_in_place(sqlite3_stmt *statement, int index, const void *bytes, int length) {
  return sqlite3_bind_text(statement, index, (const char *)bytes, length, SQLITE_STATIC);
}

static inline int afterimage_sqlite_bind_blob_in_place(sqlite3_stmt *statement, int index, const void *bytes, int length) {
  return sqlite3_bind_blob(statement, index, bytes, length, SQLITE_STATIC);
}

// To be called before anything else of SQLite: it does not count its memory, for which each allocation of each thread would take one lock.
static inline int afterimage_sqlite_configure(void) { return sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0); }

static const int afterimage_sqlite_bad_checksum = SQLITE_IOERR_DATA;
