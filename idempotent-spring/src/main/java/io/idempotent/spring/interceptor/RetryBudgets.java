package io.idempotent.spring.interceptor;

import io.idempotent.spring.settings.RetryBudgetSettings;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/** The budgets of an application by their names. Safe for use by many threads. */
final class RetryBudgets {

    private final Map<String, RetryBudget> budgets = new ConcurrentHashMap<>();

    /**
     * Returns the budget of an operation, which those share that give it the same name.
     *
     * @return null if there is none
     * @throws IllegalArgumentException if the settings cannot be, or contradict those of another operation
     */
    @Nullable
    RetryBudget of(RetryBudgetSettings settings, String operation) {
        if (settings.equals(RetryBudgetSettings.UNSAID)) {
            return null;
        }
        if (settings.tokens() == null) {
            throw new IllegalArgumentException("Invalid budget: its tokens are not set");
        }
        if (settings.tokens() < 0) {
            throw new IllegalArgumentException(
                    "Invalid budget.tokens (" + settings.tokens() + "): must be positive" + " or zero for no budget");
        }
        double perSuccess =
                settings.perSuccess() == null ? RetryBudgetSettings.DEFAULT_PER_SUCCESS : settings.perSuccess();
        if (!(perSuccess >= 1.0 / RetryBudget.PARTS)) {
            throw new IllegalArgumentException(
                    "Invalid budget.per-success (" + perSuccess + "): must be at least " + 1.0 / RetryBudget.PARTS);
        }
        if (settings.tokens() == 0) {
            return null;
        }
        RetryBudget wanted = new RetryBudget(settings.tokens(), perSuccess);
        String name = settings.name() == null ? operation : settings.name();
        RetryBudget known = budgets.putIfAbsent(name, wanted);
        if (known != null && !known.isLike(wanted)) {
            throw new IllegalArgumentException(
                    "Invalid budget '" + name + "' (" + wanted + "): another operation that shares it sets " + known);
        }
        return known == null ? wanted : known;
    }
}
