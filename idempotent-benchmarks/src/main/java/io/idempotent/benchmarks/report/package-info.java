/**
 * Makes a table and a plot of what JMH has measured, of its JSON. Knows nothing of the benchmarks but how they show in
 * there.
 */
@NullMarked
package io.idempotent.benchmarks.report;

import org.jspecify.annotations.NullMarked;
