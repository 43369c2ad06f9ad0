#ifndef SIMULATED_STEAM_JOURNAL_H
#define SIMULATED_STEAM_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "json.h"

/* Longer lines are nobody's: they are skipped and counted. */
#define JOURNAL_MAX_LINE_BYTES 65536

/* One reader's place in the journal, and its way to write into it. */
struct journal {
  int file; /* -1: not open */
  int64_t offset;
  /* The beginning of a line whose end has not been read yet. */
  char *line;
  size_t line_length;
  /* Within a line that is too long, up to its end. */
  bool is_skipping;
  /* The last write was cut short (a full disk): the next one ends that line first. */
  bool is_torn;
  /* Lines that were no JSON object, or too long. */
  uint32_t malformed;
};

/* Opens `<folder>/journal.jsonl`; false when there is none. Reading starts at its beginning. */
bool journal_open(struct journal *journal, const char *folder);
void journal_close(struct journal *journal);

/* Appends a finished line with one write(2). Lost when it overflowed or the disk is full. */
void journal_append(struct journal *journal, const struct json_line *line);

/* Reads what has been appended since, handing over each whole line. Never waits. */
void journal_read(struct journal *journal, void (*receive)(void *context, const struct json_object *line),
                  void *context);

#endif
