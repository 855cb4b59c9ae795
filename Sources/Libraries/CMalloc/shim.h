#pragma once

// glibc's own settings of its heaps, which the module Glibc leaves out.
#include <malloc.h>
