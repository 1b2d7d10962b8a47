/**
 * What the annotation and the durable stores cost, measured by JMH beside what a user would write or pick instead.
 * Servers run on the binaries that the build has put into the root's folder for them, where the benchmarks are to be
 * started:
 *
 * <pre>{@code
 * mvn -pl idempotent-benchmarks -am package -DskipTests
 * java -jar idempotent-benchmarks/target/benchmarks.jar -prof gc -rf json -rff figures.json
 * java -cp idempotent-benchmarks/target/benchmarks.jar io.idempotent.benchmarks.report.Report figures figures.json
 * }</pre>
 *
 * <ul>
 *   <li>One call in this JVM's memory: {@code ReplayBenchmark}, {@code FirstExecutionBenchmark}.
 *   <li>Many threads: {@code ContentionBenchmark}, {@code WakeBenchmark}; before JDK 21 with {@code -p kind=PLATFORM}.
 *   <li>Durable stores: {@code StoreBenchmark}; the atomic mode: {@code AtomicBenchmark}.
 *   <li>Many records: {@code ClaimBenchmark}, on a server or in memory by {@code -p keeper=…}, with any number up to
 *       ten million by {@code -p records=…}; such a number needs 14 GB of memory for Caffeine, and is there after
 *       minutes.
 *   <li>The start of a context: {@code StartUpBenchmark}, which needs a JDK for its compiler.
 * </ul>
 *
 * <p>A class's name as an argument runs it alone. The library has no binding to Micrometer of its own: what is measured
 * with metrics is a listener as an application would write it.
 *
 * <p>Programs of their own, which print what they find, are {@code load.EndpointLoad} for requests over HTTP,
 * {@code wire.WireReport} for what calls put on the wire, {@code scale.RecordSize} for the room that records take and
 * the plans of the statements that look for one, and {@code scale.PurgeLoad} for claims during a purge:
 *
 * <pre>{@code
 * java -cp idempotent-benchmarks/target/benchmarks.jar io.idempotent.benchmarks.scale.PurgeLoad
 * }</pre>
 */
@NullMarked
package io.idempotent.benchmarks;

import org.jspecify.annotations.NullMarked;
