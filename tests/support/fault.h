/**
 * @file fault.h
 * @brief Make the k-th allocation fail, for k = 1, 2, ... until the call under test succeeds.
 *
 * A test file whose name holds "fault" (tests/ROOM/test_NAME_fault.c) is linked with this harness:
 * the linker sends its calls of malloc, calloc, realloc, free, strdup, strndup, aligned_alloc and
 * posix_memalign (and those of the rooms it links) here.
 *
 *     static ude_status parse(void *context, ude_error *error) {      // one use of the entry point
 *       ude_table *table  = NULL;
 *       ude_status status = ude_table_parse("x.csv", context, strlen(context), &table, error);
 *       ude_table_free(table);                                        // release what it gave
 *       return status;
 *     }
 *     START_TEST(parse_survives) { fault_every_allocation(parse, "a,b\n1,2\n", 5); }
 *
 * The body may not use ck_assert and the like: Check allocates for each of them. A finding inside
 * it is reported by another status: `return ude_fail(error, UDE_INTERNAL, "...")`.
 *
 * fault_every_allocation checks that each failing call returns UDE_OUT_OF_MEMORY with a message,
 * that no block is left over, that the call succeeds once nothing fails, and that it makes at
 * least `least` allocations (so that a test which tests nothing shows). Each k is tried twice: only
 * the k-th allocation fails; the k-th and all later ones fail.
 */
#ifndef UDE_TESTS_FAULT_H
#define UDE_TESTS_FAULT_H

#include <ude/base.h>

typedef ude_status (*fault_body)(void *context, ude_error *error);

/** Returns the number of allocations that the successful call makes. */
long fault_every_allocation(fault_body body, void *context, long least);

/** From now on, count allocations and fail the k-th (k >= 1; 0: none), or also all later ones. */
void fault_arm(long k, bool later_too);
/** Stop failing; the number of allocations since fault_arm, the failed ones included. */
long fault_disarm(void);
/** Blocks allocated and not yet freed. */
long fault_live(void);

#endif
