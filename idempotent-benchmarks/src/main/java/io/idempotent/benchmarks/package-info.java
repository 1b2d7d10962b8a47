/**
 * What the annotation and the durable stores cost, measured by JMH beside what a user would write or pick instead. Servers run
 * on the binaries that the build has put into the root's folder for them, where the benchmarks are to be started.
 */
@NullMarked
package io.idempotent.benchmarks;

import org.jspecify.annotations.NullMarked;
