#include "other.h"
#include <math.h>
#define A(x) {x
int y;
