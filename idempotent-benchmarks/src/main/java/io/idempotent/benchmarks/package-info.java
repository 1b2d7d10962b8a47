/** What the annotation costs, measured by JMH beside what a user would write or pick instead. */
@NullMarked
package io.idempotent.benchmarks;

import org.jspecify.annotations.NullMarked;
