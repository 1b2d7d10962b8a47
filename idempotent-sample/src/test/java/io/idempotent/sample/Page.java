package io.idempotent.sample;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A page that people read: the README, a chapter of the guide, or what contributors read.
 *
 * @param file where it is
 * @param text what it says
 */
record Page(Path file, String text) {

    private static final Path ROOT = Path.of("..");

    private static final Pattern BLOCK = Pattern.compile("^```(\\w*)\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);

    /** A block of code. */
    record Block(String language, String text) {

        /** The text, with lines that go on after a backslash in one. */
        String joined() {
            return text.replaceAll("\\\\\n *", "");
        }

        @Override
        public String toString() {
            return text;
        }
    }

    static Page readme() throws IOException {
        return read(ROOT.resolve("README.md"));
    }

    /** A chapter of the guide by its file's name. */
    static Page chapter(String name) throws IOException {
        return read(ROOT.resolve("docs").resolve(name));
    }

    /** All chapters of the guide, its index among them. */
    static List<Page> chapters() throws IOException {
        List<Page> chapters = new ArrayList<>();
        try (Stream<Path> files = Files.list(ROOT.resolve("docs"))) {
            for (Path file : files.filter(file -> file.toString().endsWith(".md"))
                    .sorted()
                    .toList()) {
                chapters.add(read(file));
            }
        }
        return chapters;
    }

    /** The README first, then the chapters, then what contributors read. */
    static List<Page> all() throws IOException {
        List<Page> pages = new ArrayList<>(List.of(readme()));
        pages.addAll(chapters());
        for (String name : List.of("CONTRIBUTING.md", "SECURITY.md")) {
            pages.add(read(ROOT.resolve(name)));
        }
        return pages;
    }

    /** The blocks of all pages, in their order. */
    static List<Block> allBlocks() throws IOException {
        return all().stream().flatMap(page -> page.blocks().stream()).toList();
    }

    /** The blocks of one language, of all pages in their order. */
    static Stream<Block> allBlocks(String language) throws IOException {
        return allBlocks().stream().filter(block -> block.language().equals(language));
    }

    private static Page read(Path file) throws IOException {
        return new Page(file.normalize(), Files.readString(file));
    }

    List<Block> blocks() {
        return BLOCK.matcher(text)
                .results()
                .map(found -> new Block(found.group(1), found.group(2)))
                .toList();
    }

    /** What the page says around its blocks. */
    String prose() {
        return BLOCK.matcher(text).replaceAll("");
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
