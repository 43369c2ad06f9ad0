/*
 * The exports by which Valve's libsteam_api finds its way into a steamclient.so, and ISteamClient.
 *
 * This is a simulation for tests. It speaks to no Steam but the simulated one whose folder
 * TICKETGATE_SIMULATED_STEAM names; docs/simulator.md tells how.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "interfaces.h"
#include "lock.h"
#include "pipes.h"

#define EXPORT __attribute__((visibility("default")))

/* --- the lock --- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void lock_take(void) { pthread_mutex_lock(&lock); }
void lock_release(void) { pthread_mutex_unlock(&lock); }

/* Faults that must be there before anything is, so in the environment. */
static bool has_fault(const char *name) {
  const char *fault = getenv("TICKETGATE_SIMULATED_STEAM_FAULT");
  return fault && strcmp(fault, name) == 0;
}

/* --- exports --- */

EXPORT void *CreateInterface(const char *version, int32_t *return_code) {
  lock_take();
  void *interface = has_fault("too-old") ? NULL : interface_client(version);
  lock_release();
  if (return_code) *return_code = interface ? 0 : 1;
  return interface;
}

/* CallbackMsg_t: 20 bytes on Linux, and the fields stand at the same places on Windows. */
EXPORT bool Steam_BGetCallback(int32_t handle, uint8_t *message) {
  lock_take();
  struct pipe *pipe = pipe_find(handle);
  if (pipe && !pipe_next_callback(pipe)) pipe_catch_up(pipe);
  struct callback *callback = pipe ? pipe_next_callback(pipe) : NULL;
  if (callback) {
    const uint8_t *bytes = callback->bytes;
    memcpy(message, &handle, 4); /* the user; there is one for each pipe, with the same number */
    memcpy(message + 4, &callback->id, 4);
    memcpy(message + 8, &bytes, sizeof bytes);
    memcpy(message + 16, &callback->length, 4);
  }
  lock_release();
  return callback != NULL;
}

EXPORT void Steam_FreeLastCallback(int32_t handle) {
  lock_take();
  struct pipe *pipe = pipe_find(handle);
  if (pipe) pipe_free_callback(pipe);
  lock_release();
}

/* None of the calls simulated here answers by a call result. */
EXPORT bool Steam_GetAPICallResult(int32_t pipe, uint64_t call, void *result, int32_t size, int32_t expected,
                                   bool *has_failed) {
  (void)pipe, (void)call, (void)result, (void)size, (void)expected;
  if (has_failed) *has_failed = true;
  return false;
}

EXPORT bool Steam_IsKnownInterface(const char *version) { return interface_is_known(version); }

EXPORT void Steam_NotifyMissingInterface(int32_t pipe, const char *version) { (void)pipe, (void)version; }

EXPORT void Steam_ReleaseThreadLocalMemory(int32_t is_thread_ending) { (void)is_thread_ending; }

/* Crash reports go nowhere. */
EXPORT void Breakpad_SteamMiniDumpInit(uint32_t app, const char *version, const char *time) {
  (void)app, (void)version, (void)time;
}
EXPORT bool Breakpad_SteamSendMiniDump(void) { return false; }
EXPORT void Breakpad_SteamSetAppID(uint32_t app) { (void)app; }
EXPORT void Breakpad_SteamSetSteamID(uint64_t steam_id) { (void)steam_id; }
EXPORT void Breakpad_SteamWriteMiniDumpSetComment(const char *comment) { (void)comment; }
EXPORT void Breakpad_SteamWriteMiniDumpUsingExceptionInfoWithBuildId(int32_t code, void *info, uint32_t build) {
  (void)code, (void)info, (void)build;
}

/* --- ISteamClient --- */

static int32_t create_pipe(void) {
  struct pipe *pipe = pipe_open();
  return pipe ? pipe->handle : 0;
}

static bool release_pipe(int32_t handle) {
  struct pipe *pipe = pipe_find(handle);
  if (pipe) pipe_close(pipe);
  return pipe != NULL;
}

/* The player who is logged in on this computer. */
static int32_t connect_to_global_user(int32_t handle) {
  struct pipe *pipe = pipe_find(handle);
  if (!pipe || has_fault("no-user")) return 0;
  uint64_t account = pipe_account(pipe);
  if (account == 0) return 0;
  pipe->steam_id = account;
  pipe->is_logged_on = true;
  pipe->role = ROLE_CLIENT;
  /* What was said of this account before, its signed half above all. */
  pipe_catch_up(pipe);
  struct json_line line;
  pipe_attach(pipe, ROLE_CLIENT, &line);
  json_add_digits(&line, "steamId", account);
  pipe_tell(pipe, &line);
  return pipe->handle;
}

/* A game server's user; attached once it knows its ports and its app. */
static int32_t create_local_user(int32_t *handle) {
  if (has_fault("no-user")) return 0;
  struct pipe *pipe = pipe_open();
  if (!pipe) return 0;
  pipe->role = ROLE_SERVER;
  if (handle) *handle = pipe->handle;
  return pipe->handle;
}

/* Slots that differ between the two versions known here. */
static bool is_no_operation(const struct call *call) {
  bool is_older = strcmp(call->version, "SteamClient021") == 0;
  return call->slot == (is_older ? 32u : 30u);
}

static bool is_shutdown(const struct call *call) {
  bool is_older = strcmp(call->version, "SteamClient021") == 0;
  return call->slot == (is_older ? 23u : 22u);
}

uint64_t answer_client(const struct call *call) {
  const uint64_t *arguments = call->arguments;
  if (is_no_operation(call)) return 0;
  if (is_shutdown(call)) return !pipe_is_any_open();
  switch (call->slot) {
    case 0: /* CreateSteamPipe */
      return (uint64_t)create_pipe();
    case 1: /* BReleaseSteamPipe */
      return release_pipe((int32_t)arguments[0]);
    case 2: /* ConnectToGlobalUser */
      return (uint64_t)connect_to_global_user((int32_t)arguments[0]);
    case 3: /* CreateLocalUser */
      return (uint64_t)create_local_user((int32_t *)(uintptr_t)arguments[0]);
    case 4: /* ReleaseUser: the pipe goes right after it */
    case 7: /* SetLocalIPBinding */
      return 0;
    case 9: /* GetISteamUtils(pipe, version) */
      return (uint64_t)(uintptr_t)interface_of((int32_t)arguments[0], (const char *)(uintptr_t)arguments[1]);
    case 5:  /* GetISteamUser(user, pipe, version) */
    case 6:  /* GetISteamGameServer */
    case 8:  /* GetISteamFriends */
    case 10: /* GetISteamMatchmaking */
    case 11: /* GetISteamMatchmakingServers */
    case 12: /* GetISteamGenericInterface */
      return (uint64_t)(uintptr_t)interface_of((int32_t)arguments[1], (const char *)(uintptr_t)arguments[2]);
    default:
      return answer_unknown(call);
  }
}
