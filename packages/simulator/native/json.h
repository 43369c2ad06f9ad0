#ifndef SIMULATED_STEAM_JSON_H
#define SIMULATED_STEAM_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* --- reading --- */

#define JSON_MAX_MEMBERS 24

struct json_span {
  const char *start;
  size_t length;
};

/* The members of one object. The spans point into the text that was read. */
struct json_object {
  size_t count;
  struct json_span names[JSON_MAX_MEMBERS];  /* without quotes */
  struct json_span values[JSON_MAX_MEMBERS]; /* as they stand, quotes and brackets included */
};

/* Reads a text that is one object; false when it is not, has too many members or is nested too deeply. */
bool json_read(const char *text, size_t length, struct json_object *object);

/* Whether a member is a string without escapes that equals `expected`. */
bool json_is(const struct json_object *object, const char *name, const char *expected);

/* A member that is a string, unescaped and NUL-terminated; false when it is no string or does not fit. */
bool json_string(const struct json_object *object, const char *name, char *buffer, size_t capacity);

/* A member that is an integer; false when it is none or does not fit. */
bool json_integer(const struct json_object *object, const char *name, int64_t *value);

/* A member that is true or false; false when it is neither. */
bool json_boolean(const struct json_object *object, const char *name, bool *value);

/* A member that is a string of decimal digits, as SteamIDs are written. */
bool json_digits(const struct json_object *object, const char *name, uint64_t *value);

/* A member that is a string of hex digits: the bytes written, or -1. */
long json_hex(const struct json_object *object, const char *name, uint8_t *buffer, size_t capacity);

/* The next app id of a member that is an array of them. Start with `at` 0; false at the end. */
bool json_next_app(const struct json_object *object, const char *name, size_t *at, uint32_t *app_id);

/* --- writing --- */

/* A line that is being written. Once something did not fit, it is `overflowed` for good. */
struct json_line {
  char text[4096];
  size_t length;
  bool overflowed;
};

void json_begin(struct json_line *line, const char *type);
void json_add_string(struct json_line *line, const char *name, const char *value);
void json_add_integer(struct json_line *line, const char *name, int64_t value);
void json_add_boolean(struct json_line *line, const char *name, bool value);
void json_add_digits(struct json_line *line, const char *name, uint64_t value);
/* Closes the object and adds the newline. */
void json_end(struct json_line *line);

#endif
