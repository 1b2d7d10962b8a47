package io.idempotent.kill;

import java.io.File;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Starts JVMs that are there to be killed, with the classes of this one. */
public final class Jvm {

    private Jvm() {}

    /**
     * Starts one.
     *
     * @param program what it runs
     * @param arguments what the program is given
     * @param errors where its standard error is added
     */
    public static Process start(Class<?> program, List<String> arguments, Path errors) {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                // It lives for a second: the fastest start is the best.
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Xmx128m",
                // Nobody reads what drivers log, and each line costs.
                "-Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider",
                "-cp",
                classPath(),
                program.getName()));
        command.addAll(arguments);
        try {
            return new ProcessBuilder(command)
                    .redirectError(Redirect.appendTo(errors.toFile()))
                    .start();
        } catch (IOException failure) {
            throw new IllegalStateException(failure);
        }
    }

    /** Without Mockito, which takes a second from each Spring application that asks whether its beans are mocks. */
    private static String classPath() {
        return Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
                .filter(entry -> !Path.of(entry).getFileName().toString().startsWith("mockito-"))
                .collect(Collectors.joining(File.pathSeparator));
    }
}
