package io.idempotent.benchmarks;

import io.idempotent.spring.annotation.EnableIdempotency;
import io.idempotent.spring.annotation.Idempotent;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;
import org.springframework.cache.annotation.Cacheable;
import org.springframework.cache.annotation.EnableCaching;
import org.springframework.cache.caffeine.CaffeineCacheManager;
import org.springframework.context.annotation.AnnotationConfigApplicationContext;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/**
 * The start of a Spring context in a new JVM, with the same beans, up to 20 methods each, with an annotation on each
 * method or without any.
 */
@BenchmarkMode(Mode.SingleShotTime)
@OutputTimeUnit(TimeUnit.MILLISECONDS)
@Warmup(iterations = 0)
@Measurement(iterations = 1)
@Fork(5)
@State(Scope.Thread)
@SuppressWarnings("NullAway.Init") // JMH does
public class StartUpBenchmark {

    private static final int METHODS_OF_CLASS = 20;

    /** What is on each method. */
    public enum Annotated {
        /** Nothing. */
        WITHOUT("", WithoutConfiguration.class),
        /** Spring's cache. */
        CACHEABLE(
                "@" + Cacheable.class.getName() + "(cacheNames = \"payments\", key = \"#id\")",
                CacheableConfiguration.class),
        /** This library. */
        IDEMPOTENT("@" + Idempotent.class.getName() + "(key = \"#id\")", IdempotentConfiguration.class);

        private final String annotation;
        private final Class<?> configuration;

        Annotated(String annotation, Class<?> configuration) {
            this.annotation = annotation;
            this.configuration = configuration;
        }
    }

    /** With what. */
    @Param
    public Annotated annotated;

    /** How many methods there are, of all beans together. */
    @Param({"1", "2000"})
    public int methods;

    private Path directory;
    private URLClassLoader loader;
    private Class<?>[] components;
    private AnnotationConfigApplicationContext context;

    /** Makes the classes, by a compiler in a JVM of its own, so that this one stays as new. */
    @Setup
    public void compile() throws Exception {
        directory = Files.createTempDirectory("idempotent-start-up");
        List<String> names = new ArrayList<>();
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "javac").toString(),
                "-parameters",
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                "-d",
                directory.toString()));
        for (int first = 0; first < methods; first += METHODS_OF_CLASS) {
            String name = "Payments" + first;
            Path source = directory.resolve(name + ".java");
            Files.writeString(source, source(name, Math.min(METHODS_OF_CLASS, methods - first)));
            command.add(source.toString());
            names.add(name);
        }
        int exit = new ProcessBuilder(command).inheritIO().start().waitFor();
        if (exit != 0) {
            throw new IllegalStateException("The compiler ended with " + exit);
        }
        loader = new URLClassLoader(new URL[] {directory.toUri().toURL()}, StartUpBenchmark.class.getClassLoader());
        components = new Class<?>[1 + names.size()];
        components[0] = annotated.configuration;
        for (int index = 0; index < names.size(); index++) {
            components[1 + index] = loader.loadClass("generated." + names.get(index));
        }
    }

    private String source(String name, int count) {
        StringBuilder source = new StringBuilder("package generated; public class " + name + " {\n");
        for (int number = 0; number < count; number++) {
            source.append("    ")
                    .append(annotated.annotation)
                    .append(" public String pay" + number + "(String id, long amount) { return id + amount; }\n");
        }
        return source.append("}\n").toString();
    }

    /** From nothing to a context that is ready. */
    @Benchmark
    public AnnotationConfigApplicationContext start() {
        context = new AnnotationConfigApplicationContext();
        // Where proxies are defined, too.
        context.setClassLoader(loader);
        context.register(components);
        context.refresh();
        return context;
    }

    /** Closes the context, and removes the classes. */
    @TearDown
    public void close() throws IOException {
        context.close();
        loader.close();
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        }
    }

    /** Nothing but the beans. */
    @Configuration(proxyBeanMethods = false)
    static class WithoutConfiguration {}

    /** Spring's cache, on Caffeine. */
    @Configuration(proxyBeanMethods = false)
    @EnableCaching
    static class CacheableConfiguration {

        @Bean
        CaffeineCacheManager cacheManager() {
            return new CaffeineCacheManager("payments");
        }
    }

    /** This library, on Caffeine. */
    @Configuration(proxyBeanMethods = false)
    @EnableIdempotency
    static class IdempotentConfiguration {}
}
