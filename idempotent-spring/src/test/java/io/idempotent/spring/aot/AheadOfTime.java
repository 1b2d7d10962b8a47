package io.idempotent.spring.aot;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.springframework.boot.SpringApplicationAotProcessor;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.aot.AbstractAotProcessor.Settings;
import org.springframework.context.aot.ContextAotProcessor;
import org.springframework.context.support.GenericApplicationContext;

/**
 * An application that was processed ahead of time.
 *
 * @param application its class, which has the main method
 * @param classes what was generated and compiled
 */
record AheadOfTime(Class<?> application, Path classes) {

    /** Processes an application of Spring Boot, as {@code process-aot} does. */
    static AheadOfTime ofBoot(Class<?> application, Path directory, String... arguments) throws IOException {
        new SpringApplicationAotProcessor(application, settings(directory), arguments).process();
        return compiled(application, directory);
    }

    /** Processes an application that has no Spring Boot. */
    static AheadOfTime of(Class<?> application, Path directory) throws IOException {
        new ContextAotProcessor(application, settings(directory)) {
            @Override
            protected GenericApplicationContext prepareApplicationContext(Class<?> configuration) {
                AnnotationConfigApplicationContext context = new AnnotationConfigApplicationContext();
                context.register(configuration);
                return context;
            }
        }.process();
        return compiled(application, directory);
    }

    private static Settings settings(Path directory) {
        return Settings.builder()
                .sourceOutput(directory.resolve("sources"))
                .resourceOutput(directory.resolve("classes"))
                .classOutput(directory.resolve("classes"))
                .groupId("test")
                .artifactId("test")
                .build();
    }

    private static AheadOfTime compiled(Class<?> application, Path directory) throws IOException {
        Path classes = directory.resolve("classes");
        List<String> arguments = new ArrayList<>(List.of(
                "-proc:none", "-nowarn", "-cp", System.getProperty("java.class.path"), "-d", classes.toString()));
        try (Stream<Path> sources = Files.walk(directory.resolve("sources"))) {
            sources.filter(Files::isRegularFile).map(Path::toString).forEach(arguments::add);
        }
        int result = ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new));
        assertThat(result).as("compiling what was generated").isZero();
        return new AheadOfTime(application, classes);
    }

    /** Runs it by what was generated until it ends by itself, and gives what it printed. */
    String run(int exitCode, String... arguments) throws IOException, InterruptedException {
        return run(List.of(), exitCode, arguments);
    }

    /** Runs it in a JVM with these options. */
    String run(List<String> options, int exitCode, String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-Dspring.aot.enabled=true",
                "-cp",
                classes + File.pathSeparator + System.getProperty("java.class.path")));
        command.addAll(options);
        command.add(application.getName());
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor()).as(output).isEqualTo(exitCode);
            return output;
        } finally {
            process.destroyForcibly();
        }
    }
}
