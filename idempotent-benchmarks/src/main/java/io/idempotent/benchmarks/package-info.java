/**
 * What the annotation and the durable stores cost, measured by JMH beside what a user would write or pick instead. Servers run
 * on the binaries that the build has put into the root's folder for them, where the benchmarks are to be started:
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
 *   <li>Durable stores: {@code StoreBenchmark}, {@code ClaimBenchmark}.
 * </ul>
 *
 * <p>A class's name as an argument runs it alone.
 */
@NullMarked
package io.idempotent.benchmarks;

import org.jspecify.annotations.NullMarked;
