// A wall clock of a process's own, for tests: so many seconds (AFTERIMAGE_CLOCK_SHIFT) beside the machine's. Loaded with LD_PRELOAD. The process sees
// the shifted clock; deadlines by it, which the C library waits for, are shifted back.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

static long shift(void) {
  static long seconds = 0;
  static int is_known = 0;
  if (!is_known) {
    const char *text = getenv("AFTERIMAGE_CLOCK_SHIFT");
    seconds = text ? atol(text) : 0;
    is_known = 1;
  }
  return seconds;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
  int result = (int)syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += shift();
  return result;
}

int gettimeofday(struct timeval *time, void *zone) {
  struct timespec now;
  (void)zone;
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t *place) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (place) *place = now.tv_sec;
  return now.tv_sec;
}

int timespec_get(struct timespec *time, int base) {
  return base == TIME_UTC && clock_gettime(CLOCK_REALTIME, time) == 0 ? base : 0;
}

// A monotonic deadline is of this machine's start, never so late.
static struct timespec unshifted(const struct timespec *deadline) {
  struct timespec time = *deadline;
  if (time.tv_sec > 1000000000) time.tv_sec -= shift();
  return time;
}

int pthread_cond_timedwait(pthread_cond_t *condition, pthread_mutex_t *mutex, const struct timespec *deadline) {
  static int (*next)(pthread_cond_t *, pthread_mutex_t *, const struct timespec *);
  // The C library keeps an older function of this name for programs of twenty years ago.
  if (!next) next = dlvsym(RTLD_NEXT, "pthread_cond_timedwait", "GLIBC_2.3.2");
  if (!next) next = dlsym(RTLD_NEXT, "pthread_cond_timedwait");
  struct timespec time = unshifted(deadline);
  return next(condition, mutex, &time);
}

int sem_timedwait(sem_t *semaphore, const struct timespec *deadline) {
  static int (*next)(sem_t *, const struct timespec *);
  if (!next) next = dlsym(RTLD_NEXT, "sem_timedwait");
  struct timespec time = unshifted(deadline);
  return next(semaphore, &time);
}

int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *deadline) {
  static int (*next)(pthread_mutex_t *, const struct timespec *);
  if (!next) next = dlsym(RTLD_NEXT, "pthread_mutex_timedlock");
  struct timespec time = unshifted(deadline);
  return next(mutex, &time);
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *deadline) {
  static int (*next)(cnd_t *, mtx_t *, const struct timespec *);
  if (!next) next = dlsym(RTLD_NEXT, "cnd_timedwait");
  struct timespec time = unshifted(deadline);
  return next(condition, mutex, &time);
}

int mtx_timedlock(mtx_t *mutex, const struct timespec *deadline) {
  static int (*next)(mtx_t *, const struct timespec *);
  if (!next) next = dlsym(RTLD_NEXT, "mtx_timedlock");
  struct timespec time = unshifted(deadline);
  return next(mutex, &time);
}
