package io.idempotent.spring.interceptor;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.idempotent.spring.settings.RetryBudgetSettings;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class RetryBudgetTest {

    private final RetryBudgets budgets = new RetryBudgets();

    private static int takeAll(RetryBudget budget) {
        int taken = 0;
        while (budget.take()) {
            taken++;
        }
        return taken;
    }

    private @Nullable RetryBudget budget(
            @Nullable Integer tokens, @Nullable Double perSuccess, @Nullable String name, String operation) {
        return budgets.of(new RetryBudgetSettings(tokens, perSuccess, name), operation);
    }

    @Test
    void isFullAtFirst() {
        assertThat(takeAll(new RetryBudget(10, 0.2))).isEqualTo(10);
    }

    @ParameterizedTest
    @CsvSource({"0.2, 5", "0.001, 1000", "0.3, 4", "1, 1", "0.5, 2"})
    void soManySuccessesAllowOneRetry(double perSuccess, int successes) {
        RetryBudget budget = new RetryBudget(10, perSuccess);
        takeAll(budget);
        for (int success = 1; success < successes; success++) {
            budget.succeeded();
        }
        assertThat(budget.take()).isFalse();
        budget.succeeded();
        assertThat(takeAll(budget)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource({"0.3", "7", "1e300"})
    void neverHasMoreThanItsTokens(double perSuccess) {
        RetryBudget budget = new RetryBudget(Integer.MAX_VALUE, perSuccess);
        budget.take();
        for (int success = 0; success < 9; success++) {
            budget.succeeded();
        }
        RetryBudget small = new RetryBudget(3, perSuccess);
        small.take();
        for (int success = 0; success < 9; success++) {
            small.succeeded();
        }
        assertThat(budget.take()).isTrue();
        assertThat(takeAll(small)).isEqualTo(3);
    }

    @Test
    void threadsTakeEachTokenOnceAndLoseNoSuccess() {
        RetryBudget budget = new RetryBudget(1_000, 0.1);
        AtomicInteger taken = new AtomicInteger();
        IntStream.range(0, 4_000).parallel().forEach(call -> {
            if (budget.take()) {
                taken.incrementAndGet();
            }
        });
        assertThat(taken).hasValue(1_000);
        IntStream.range(0, 4_000).parallel().forEach(call -> budget.succeeded());
        assertThat(takeAll(budget)).isEqualTo(400);
    }

    @Test
    void isTheOperationsOwnUnlessItHasANameThatOthersSayToo() {
        RetryBudget pay = budget(10, null, null, "pay");
        assertThat(pay).isNotNull().isSameAs(budget(10, null, null, "pay"));
        assertThat(budget(10, null, null, "refund")).isNotNull().isNotSameAs(pay);
        RetryBudget bank = budget(10, null, "bank", "pay");
        assertThat(bank).isNotNull().isNotSameAs(pay).isSameAs(budget(10, 0.2, "bank", "refund"));
    }

    @Test
    void thereIsNoneUnlessTokensAreSet() {
        assertThat(budget(null, null, null, "pay")).isNull();
        assertThat(budget(0, null, "bank", "pay")).isNull();
        assertThat(budget(0, 0.5, null, "pay")).isNull();
    }

    @ParameterizedTest
    @CsvSource({"-1, 1", "0, 0", "10, 0", "10, 0.0009", "10, -1", "10, NaN", ", 1"})
    void whatCannotBeIsRefused(@Nullable Integer tokens, double perSuccess) {
        assertThatIllegalArgumentException().isThrownBy(() -> budget(tokens, perSuccess, "bank", "pay"));
    }
}
