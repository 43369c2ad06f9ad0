/*
 * The journal that simulated Steam and the processes attached to it share: one file, only ever appended to.
 * O_APPEND and one write(2) a line give a total order without a lock; everybody keeps their own offset.
 */
#define _GNU_SOURCE
#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool journal_open(struct journal *journal, const char *folder) {
  *journal = (struct journal){.file = -1};
  char path[PATH_MAX];
  int length = snprintf(path, sizeof path, "%s/journal.jsonl", folder);
  if (length < 0 || (size_t)length >= sizeof path) return false;
  char *line = malloc(JOURNAL_MAX_LINE_BYTES);
  if (!line) return false;
  int file = open(path, O_RDWR | O_APPEND | O_CLOEXEC);
  if (file < 0) {
    free(line);
    return false;
  }
  journal->file = file;
  journal->line = line;
  return true;
}

void journal_close(struct journal *journal) {
  if (journal->file >= 0) close(journal->file);
  free(journal->line);
  *journal = (struct journal){.file = -1};
}

void journal_append(struct journal *journal, const struct json_line *line) {
  if (journal->file < 0 || line->overflowed) return;
  char text[sizeof line->text + 1];
  size_t length = 0;
  if (journal->is_torn) text[length++] = '\n';
  memcpy(text + length, line->text, line->length);
  length += line->length;
  ssize_t written;
  do {
    written = write(journal->file, text, length);
  } while (written < 0 && errno == EINTR);
  if (written >= 0) journal->is_torn = (size_t)written < length;
}

static void take_line(struct journal *journal, const char *text, size_t length,
                      void (*receive)(void *context, const struct json_object *line), void *context) {
  struct json_object object;
  if (length == 0) return;
  if (json_read(text, length, &object)) {
    receive(context, &object);
  } else {
    journal->malformed++;
  }
}

static void take_bytes(struct journal *journal, const char *bytes, size_t length,
                       void (*receive)(void *context, const struct json_object *line), void *context) {
  while (length > 0) {
    const char *end = memchr(bytes, '\n', length);
    size_t part = end ? (size_t)(end - bytes) : length;
    if (!journal->is_skipping && journal->line_length + part > JOURNAL_MAX_LINE_BYTES) {
      journal->is_skipping = true;
      journal->malformed++;
    }
    if (!journal->is_skipping && end && journal->line_length == 0) {
      take_line(journal, bytes, part, receive, context); /* whole in the buffer: no copy */
    } else if (!journal->is_skipping) {
      memcpy(journal->line + journal->line_length, bytes, part);
      journal->line_length += part;
      if (end) take_line(journal, journal->line, journal->line_length, receive, context);
    }
    if (!end) return;
    journal->is_skipping = false;
    journal->line_length = 0;
    bytes = end + 1;
    length -= part + 1;
  }
}

void journal_read(struct journal *journal, void (*receive)(void *context, const struct json_object *line),
                  void *context) {
  char buffer[16384];
  while (journal->file >= 0) {
    ssize_t length = pread(journal->file, buffer, sizeof buffer, journal->offset);
    if (length < 0 && errno == EINTR) continue;
    if (length <= 0) return;
    journal->offset += length;
    take_bytes(journal, buffer, (size_t)length, receive, context);
  }
}
