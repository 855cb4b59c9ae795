#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/stat.h>
#include <unistd.h>

// What Glibc has beyond POSIX for starting programs, which Swift's module of it leaves out.

extern int memfd_create(const char *name, unsigned int flags);
extern int posix_spawn_file_actions_addclosefrom_np(posix_spawn_file_actions_t *actions, int from);

/// A file in memory that started programs do not have; -1 when there is none.
static inline int afterimage_memory_file(const char *name) { return memfd_create(name, 1U /* MFD_CLOEXEC */); }

/// The same, of a size that it keeps: what would be written past it is refused. Zeros at first.
static inline int afterimage_bounded_memory_file(const char *name, long size) {
  int file = memfd_create(name, 3U /* MFD_CLOEXEC, MFD_ALLOW_SEALING */);
  if (file < 0) return -1;
  // F_ADD_SEALS with F_SEAL_SHRINK and F_SEAL_GROW.
  if (ftruncate(file, size) == 0 && fcntl(file, 1033, 2 | 4) == 0) return file;
  close(file);
  return -1;
}

/// Closes all files from this number on.
static inline int afterimage_spawn_closing(posix_spawn_file_actions_t *actions, int from) {
  return posix_spawn_file_actions_addclosefrom_np(actions, from);
}

/// Whether a path is a regular file that this process may execute.
static inline int afterimage_is_program(const char *path) {
  struct stat status;
  return stat(path, &status) == 0 && S_ISREG(status.st_mode) && access(path, X_OK) == 0;
}
