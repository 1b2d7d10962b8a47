package io.idempotent.spring.expression;

import java.util.ArrayList;
import java.util.List;

/** Takes the text of a list, {@code {a, b}}, apart. */
final class ListText {

    private ListText() {}

    /**
     * Returns the elements' texts as they were written. Spring's own rendering of a parsed expression does not always
     * parse to the same: it drops the suffix of numbers and the quotes of bean names.
     *
     * @param text the text of a list that can be parsed
     * @return the elements; none if the text is not just a list
     */
    static List<String> elements(String text) {
        String list = text.trim();
        if (!list.startsWith("{") || !list.endsWith("}")) {
            return List.of();
        }
        List<String> elements = new ArrayList<>();
        int depth = 0;
        char quote = 0;
        int start = 1;
        for (int index = 1; index < list.length() - 1; index++) {
            char letter = list.charAt(index);
            if (quote != 0) {
                // A quote is escaped by another, which so ends the text and begins it again.
                quote = letter == quote ? 0 : quote;
            } else if (letter == '\'' || letter == '"') {
                quote = letter;
            } else if (letter == '(' || letter == '[' || letter == '{') {
                depth++;
            } else if (letter == ')' || letter == ']' || letter == '}') {
                depth--;
            } else if (letter == ',' && depth == 0) {
                elements.add(list.substring(start, index));
                start = index + 1;
            }
        }
        elements.add(list.substring(start, list.length() - 1));
        return elements;
    }
}
