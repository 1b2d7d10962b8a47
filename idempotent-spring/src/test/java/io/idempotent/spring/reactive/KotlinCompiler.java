package io.idempotent.spring.reactive;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import org.jetbrains.kotlin.cli.common.ExitCode;
import org.jetbrains.kotlin.cli.jvm.K2JVMCompiler;
import org.jetbrains.kotlin.config.KotlinCompilerVersion;

/** Compiles the Kotlin of these tests when the first of them runs after it changed. */
final class KotlinCompiler {

    private static final Path SOURCE = Path.of("src/test/kotlin/io/idempotent/spring/reactive/SuspendPayments.kt");

    private KotlinCompiler() {}

    /** Returns what loads the compiled classes; open as long as the test JVM runs. */
    static ClassLoader classes() {
        return Loaded.CLASSES;
    }

    private static ClassLoader compile() {
        try {
            String content = KotlinCompilerVersion.VERSION + Files.readString(SOURCE);
            Path out = Path.of("target")
                    .resolve("kotlin-test-classes")
                    .resolve(UUID.nameUUIDFromBytes(content.getBytes(StandardCharsets.UTF_8))
                            .toString());
            if (!Files.exists(out)) {
                // Moved when it is whole, since another JVM may compile, too.
                Path unfinished = Files.createTempDirectory(Files.createDirectories(out.getParent()), "compiling");
                compile(unfinished);
                if (!Files.exists(out)) {
                    Files.move(unfinished, out);
                }
            }
            return new URLClassLoader(new URL[] {out.toUri().toURL()}, KotlinCompiler.class.getClassLoader());
        } catch (IOException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private static void compile(Path out) {
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        List<String> arguments = List.of(
                "-no-stdlib",
                "-no-reflect",
                "-java-parameters",
                "-jvm-target",
                "17",
                "-classpath",
                System.getProperty("java.class.path"),
                "-d",
                out.toString(),
                SOURCE.toString());
        ExitCode code = new K2JVMCompiler()
                .exec(new PrintStream(said, true, StandardCharsets.UTF_8), arguments.toArray(String[]::new));
        assertThat(code).as(said.toString(StandardCharsets.UTF_8)).isEqualTo(ExitCode.OK);
    }

    private static final class Loaded {

        private static final ClassLoader CLASSES = compile();
    }
}
