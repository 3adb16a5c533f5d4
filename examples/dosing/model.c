/* A drug in gut and blood, given every eight hours from a time that is a parameter; absorption and elimination from concentrations.
 *
 *     ude solve model.c --saveat 1 --select blood
 *     ude grad model.c --wrt param                    also by the time of the first dose
 *
 * A value that is saved at a dose is the one before it. */
#include <ude/model.h>

struct state {
    double gut, blood;
};

struct param {
    UDE_RANGE(0, 10) double absorption, elimination; /* 1/h */
    const double dose;                               /* mg */
    double       first;                              /* h */
};

const struct state u0       = {0, 0};
const struct param p0       = {.absorption = 1.2, .elimination = 0.15, .dose = 100, .first = 1};
const double       tspan[2] = {0, 48};

void rhs(struct state *du, const struct state *u, const struct param *p, double t)
{
    du->gut   = -p->absorption * u->gut;
    du->blood = p->absorption * u->gut - p->elimination * u->blood;
}

const int schedule_count = 6;

void schedule(double *times, const struct param *p)
{
    for (int i = 0; i < schedule_count; i++)
        times[i] = p->first + 8 * i;
}

void affect(struct state *u, const struct param *p, double t, int event)
{
    u->gut += p->dose;
}

double terminal_cost(const struct state *u, const struct param *p, double t)
{
    return u->blood;
}
