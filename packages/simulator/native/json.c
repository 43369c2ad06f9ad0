/*
 * The little JSON that the journal is written in: one flat object a line. Reading is total: whatever the
 * bytes, it ends within them and says yes or no.
 */
#include "json.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* --- reading --- */

struct reader {
  const char *at;
  const char *end;
};

#define MAX_DEPTH 16

static void skip_space(struct reader *reader) {
  while (reader->at < reader->end && strchr(" \t\r", *reader->at) && *reader->at) reader->at++;
}

static bool take(struct reader *reader, char expected) {
  skip_space(reader);
  if (reader->at == reader->end || *reader->at != expected) return false;
  reader->at++;
  return true;
}

static bool skip_string(struct reader *reader) {
  if (!take(reader, '"')) return false;
  while (reader->at < reader->end) {
    char c = *reader->at++;
    if (c == '"') return true;
    if (c == '\\') {
      if (reader->at == reader->end) return false;
      reader->at++;
    } else if ((unsigned char)c < 0x20) {
      return false;
    }
  }
  return false;
}

static bool skip_word(struct reader *reader) {
  const char *start = reader->at;
  while (reader->at < reader->end && *reader->at && strchr("+-.0123456789Eaeflnrstu", *reader->at)) reader->at++;
  return reader->at > start;
}

static bool skip_value(struct reader *reader, int depth) {
  skip_space(reader);
  if (reader->at == reader->end || depth > MAX_DEPTH) return false;
  char first = *reader->at;
  if (first == '"') return skip_string(reader);
  if (first != '{' && first != '[') return skip_word(reader);
  char last = first == '{' ? '}' : ']';
  reader->at++;
  if (take(reader, last)) return true;
  do {
    if (first == '{' && !(skip_string(reader) && take(reader, ':'))) return false;
    if (!skip_value(reader, depth + 1)) return false;
  } while (take(reader, ','));
  return take(reader, last);
}

bool json_read(const char *text, size_t length, struct json_object *object) {
  struct reader reader = {text, text + length};
  object->count = 0;
  if (!take(&reader, '{')) return false;
  if (!take(&reader, '}')) {
    do {
      if (object->count == JSON_MAX_MEMBERS) return false;
      skip_space(&reader);
      const char *name = reader.at;
      if (!skip_string(&reader)) return false;
      object->names[object->count] = (struct json_span){name + 1, (size_t)(reader.at - name) - 2};
      if (!take(&reader, ':')) return false;
      skip_space(&reader);
      const char *value = reader.at;
      if (!skip_value(&reader, 0)) return false;
      object->values[object->count] = (struct json_span){value, (size_t)(reader.at - value)};
      object->count++;
    } while (take(&reader, ','));
    if (!take(&reader, '}')) return false;
  }
  skip_space(&reader);
  return reader.at == reader.end;
}

static const struct json_span *find(const struct json_object *object, const char *name) {
  size_t length = strlen(name);
  for (size_t i = 0; i < object->count; i++) {
    if (object->names[i].length == length && memcmp(object->names[i].start, name, length) == 0) {
      return &object->values[i];
    }
  }
  return NULL;
}

/* The inside of a string's quotes. */
static bool find_string(const struct json_object *object, const char *name, struct json_span *inside) {
  const struct json_span *value = find(object, name);
  if (!value || value->length < 2 || value->start[0] != '"') return false;
  *inside = (struct json_span){value->start + 1, value->length - 2};
  return true;
}

bool json_is(const struct json_object *object, const char *name, const char *expected) {
  struct json_span inside;
  size_t length = strlen(expected);
  return find_string(object, name, &inside) && inside.length == length && memcmp(inside.start, expected, length) == 0;
}

bool json_string(const struct json_object *object, const char *name, char *buffer, size_t capacity) {
  struct json_span inside;
  if (!find_string(object, name, &inside)) return false;
  size_t written = 0;
  for (size_t i = 0; i < inside.length; i++) {
    char c = inside.start[i];
    if (c == '\\' && i + 1 < inside.length) {
      c = inside.start[++i];
      if (c == 'u') {
        /* Names with control characters are nobody's business here. */
        i += inside.length - i - 1 < 4 ? inside.length - i - 1 : 4;
        c = '?';
      } else if (strchr("bfnrt", c)) {
        c = ' ';
      }
    }
    if (written + 1 >= capacity) return false;
    buffer[written++] = c;
  }
  if (capacity == 0) return false;
  buffer[written] = '\0';
  return true;
}

/* Decimal digits, all of a span; false beyond 64 bits. */
static bool read_digits(struct json_span span, uint64_t *value) {
  if (span.length == 0) return false;
  uint64_t sum = 0;
  for (size_t i = 0; i < span.length; i++) {
    unsigned digit = (unsigned char)span.start[i] - (unsigned)'0';
    if (digit > 9 || sum > (UINT64_MAX - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  *value = sum;
  return true;
}

bool json_integer(const struct json_object *object, const char *name, int64_t *value) {
  const struct json_span *found = find(object, name);
  if (!found || found->length == 0) return false;
  bool negative = found->start[0] == '-';
  struct json_span digits = {found->start + negative, found->length - negative};
  uint64_t magnitude;
  if (!read_digits(digits, &magnitude) || magnitude > INT64_MAX) return false;
  *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
  return true;
}

bool json_boolean(const struct json_object *object, const char *name, bool *value) {
  const struct json_span *found = find(object, name);
  if (!found) return false;
  *value = found->length == 4 && memcmp(found->start, "true", 4) == 0;
  return *value || (found->length == 5 && memcmp(found->start, "false", 5) == 0);
}

bool json_digits(const struct json_object *object, const char *name, uint64_t *value) {
  struct json_span inside;
  return find_string(object, name, &inside) && read_digits(inside, value);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

long json_hex(const struct json_object *object, const char *name, uint8_t *buffer, size_t capacity) {
  struct json_span inside;
  if (!find_string(object, name, &inside) || inside.length % 2 != 0 || inside.length / 2 > capacity) return -1;
  for (size_t i = 0; i < inside.length; i += 2) {
    int high = hex_digit(inside.start[i]);
    int low = hex_digit(inside.start[i + 1]);
    if (high < 0 || low < 0) return -1;
    buffer[i / 2] = (uint8_t)(high << 4 | low);
  }
  return (long)(inside.length / 2);
}

bool json_next_app(const struct json_object *object, const char *name, size_t *at, uint32_t *app_id) {
  const struct json_span *found = find(object, name);
  if (!found || found->start[0] != '[') return false;
  /* The reader has seen to it that there is a closing bracket. */
  size_t start = *at + 1;
  size_t end = start;
  while (end < found->length && found->start[end] != ',' && found->start[end] != ']') end++;
  uint64_t value;
  if (end >= found->length || !read_digits((struct json_span){found->start + start, end - start}, &value) ||
      value > UINT32_MAX) {
    return false;
  }
  *at = end;
  *app_id = (uint32_t)value;
  return true;
}

/* --- writing --- */

static void put(struct json_line *line, const char *text, size_t length) {
  if (line->overflowed || sizeof line->text - line->length <= length) {
    line->overflowed = true;
    return;
  }
  memcpy(line->text + line->length, text, length);
  line->length += length;
}

static void put_text(struct json_line *line, const char *text) { put(line, text, strlen(text)); }

static void put_quoted(struct json_line *line, const char *text) {
  put_text(line, "\"");
  for (; *text; text++) {
    char escaped[8];
    if (*text == '"' || *text == '\\') {
      snprintf(escaped, sizeof escaped, "\\%c", *text);
      put_text(line, escaped);
    } else if ((unsigned char)*text < 0x20) {
      snprintf(escaped, sizeof escaped, "\\u%04x", (unsigned)(unsigned char)*text);
      put_text(line, escaped);
    } else {
      put(line, text, 1);
    }
  }
  put_text(line, "\"");
}

static void put_name(struct json_line *line, const char *name) {
  put_text(line, line->length > 1 ? ",\"" : "\"");
  put_text(line, name);
  put_text(line, "\":");
}

void json_begin(struct json_line *line, const char *type) {
  line->length = 0;
  line->overflowed = false;
  put_text(line, "{");
  json_add_string(line, "type", type);
}

void json_add_string(struct json_line *line, const char *name, const char *value) {
  put_name(line, name);
  put_quoted(line, value);
}

void json_add_integer(struct json_line *line, const char *name, int64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRId64, value);
  put_name(line, name);
  put_text(line, text);
}

void json_add_boolean(struct json_line *line, const char *name, bool value) {
  put_name(line, name);
  put_text(line, value ? "true" : "false");
}

void json_add_digits(struct json_line *line, const char *name, uint64_t value) {
  char text[24];
  snprintf(text, sizeof text, "%" PRIu64, value);
  json_add_string(line, name, text);
}

void json_end(struct json_line *line) { put_text(line, "}\n"); }
