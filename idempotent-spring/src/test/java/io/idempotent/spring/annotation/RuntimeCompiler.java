package io.idempotent.spring.annotation;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.MalformedURLException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import javax.tools.ToolProvider;

/** Compiles classes while a test runs: without {@code -parameters}, or beside types of libraries that are not there. */
final class RuntimeCompiler {

    private RuntimeCompiler() {}

    /** Compiles sources, by the binary names of their classes, and gives one of the classes. */
    static Class<?> compile(Path folder, String wanted, Map<String, String> sources, String... options) {
        try {
            List<String> arguments = new ArrayList<>(List.of(options));
            arguments.addAll(List.of(
                    "-proc:none", "-cp", System.getProperty("java.class.path"), "-d", folder.toString(), "-nowarn"));
            for (Map.Entry<String, String> source : sources.entrySet()) {
                Path file = folder.resolve(source.getKey().replace('.', '/') + ".java");
                Files.createDirectories(file.getParent());
                Files.writeString(file, source.getValue());
                arguments.add(file.toString());
            }
            int result = ToolProvider.getSystemJavaCompiler().run(null, null, null, arguments.toArray(String[]::new));
            if (result != 0) {
                throw new IllegalStateException("The sources of " + sources.keySet() + " do not compile");
            }
            return Class.forName(wanted, true, loader(folder));
        } catch (IOException | ClassNotFoundException failure) {
            throw new IllegalStateException(failure);
        }
    }

    // Open as long as its classes are used, which is as long as the test JVM runs.
    private static ClassLoader loader(Path folder) {
        try {
            return new URLClassLoader(new URL[] {folder.toUri().toURL()}, RuntimeCompiler.class.getClassLoader());
        } catch (MalformedURLException failure) {
            throw new UncheckedIOException(failure);
        }
    }
}
