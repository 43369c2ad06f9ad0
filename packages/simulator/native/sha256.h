#ifndef SIMULATED_STEAM_SHA256_H
#define SIMULATED_STEAM_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32
/* 43 digits and the NUL. */
#define SHA256_TEXT_BYTES 44

void sha256(const void *data, size_t length, uint8_t digest[SHA256_BYTES]);

/* The digest in base64url without padding: how the journal names tickets and signatures. */
void sha256_text(const void *data, size_t length, char text[SHA256_TEXT_BYTES]);

#endif
