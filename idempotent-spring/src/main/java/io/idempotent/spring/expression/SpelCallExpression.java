package io.idempotent.spring.expression;

import io.idempotent.spring.interceptor.CallExpression;
import io.idempotent.spring.interceptor.IdempotentCall;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.springframework.core.NativeDetector;
import org.springframework.expression.EvaluationContext;
import org.springframework.expression.spel.CompiledExpression;
import org.springframework.expression.spel.SpelCompilerMode;
import org.springframework.expression.spel.SpelParserConfiguration;
import org.springframework.expression.spel.ast.SpelNodeImpl;
import org.springframework.expression.spel.standard.SpelCompiler;
import org.springframework.expression.spel.standard.SpelExpression;
import org.springframework.expression.spel.standard.SpelExpressionParser;

/**
 * One expression over the calls of one method.
 *
 * <ol>
 *   <li>If the types of all parameters that it names are final, it has one compiled form.
 *   <li>Otherwise it has one for each combination of the arguments' classes that occurs, at most
 *       {@value #MAXIMUM_FORMS}; further combinations are interpreted. So are expressions over the root, whose
 *       properties can be of any class, and all expressions in a native image.
 *   <li>A compiled form that fails where the interpreter does not, since a property deeper down has another class, is
 *       interpreted from then on. The interpreter evaluates the call that finds it once more.
 * </ol>
 */
final class SpelCallExpression implements CallExpression {

    static final int MAXIMUM_FORMS = 16;

    static final SpelExpressionParser PARSER =
            new SpelExpressionParser(new SpelParserConfiguration(SpelCompilerMode.OFF, null));

    private final Variables variables;
    private final EvaluationContext shared;
    private final SpelCompiler compiler;
    private final SpelExpression interpreted;
    private final boolean compilable;
    private final List<Form> forms = new CopyOnWriteArrayList<>();
    private final ReentrantLock adding = new ReentrantLock();

    // The one form where the classes of arguments cannot differ; read without looking at any.
    private final @Nullable Form only;

    SpelCallExpression(
            SpelExpression parsed,
            Variables variables,
            boolean typesFinal,
            EvaluationContext shared,
            @Nullable ClassLoader classLoader) {
        this.interpreted = parsed;
        this.variables = variables;
        this.shared = shared;
        this.compiler = SpelCompiler.getCompiler(classLoader);
        this.compilable = !variables.usesRoot() && !NativeDetector.inNativeImage();
        this.only = compilable && typesFinal ? new Form(parsed, new Class<?>[0]) : null;
    }

    @Override
    public @Nullable Object evaluate(IdempotentCall call, @Nullable Object result) {
        EvaluationContext context = new CallEvaluationContext(shared, variables, call, result);
        Form form = only != null ? only : form(call.arguments());
        if (form == null || form.interpreted) {
            return interpreted.getValue(context);
        }
        CompiledExpression compiled = form.compiled;
        if (compiled == null) {
            Object value = form.parsed.getValue(context);
            form.compile(compiler);
            return value;
        }
        try {
            return compiled.getValue(null, context);
        } catch (Throwable failure) {
            // What the interpreter throws is what happened; if it throws nothing, the form does not fit any more.
            Object value = interpreted.getValue(context);
            form.interpreted = true;
            return value;
        }
    }

    /** How many compiled forms there are. */
    int forms() {
        return only != null ? 1 : forms.size();
    }

    private @Nullable Form form(@Nullable Object[] arguments) {
        for (Form form : forms) {
            if (variables.matches(form.classes, arguments)) {
                return form;
            }
        }
        return compilable && forms.size() < MAXIMUM_FORMS ? added(arguments) : null;
    }

    private @Nullable Form added(@Nullable Object[] arguments) {
        adding.lock();
        try {
            return addedAlone(arguments);
        } finally {
            adding.unlock();
        }
    }

    private @Nullable Form addedAlone(@Nullable Object[] arguments) {
        // Another thread may have added it, or the last one, meanwhile.
        for (Form form : forms) {
            if (variables.matches(form.classes, arguments)) {
                return form;
            }
        }
        if (forms.size() >= MAXIMUM_FORMS) {
            return null;
        }
        Form added = new Form(PARSER.parseRaw(interpreted.getExpressionString()), variables.classes(arguments));
        forms.add(added);
        return added;
    }

    private static final class Form {

        // The types that it is compiled for are known when it was evaluated, but not where a value was null then.
        private static final int MAXIMUM_TRIES = 100;

        private final SpelExpression parsed;
        private final @Nullable Class<?>[] classes;
        private final AtomicInteger tries = new AtomicInteger();
        private volatile @Nullable CompiledExpression compiled;
        private volatile boolean interpreted;

        Form(SpelExpression parsed, @Nullable Class<?>[] classes) {
            this.parsed = parsed;
            this.classes = classes;
        }

        // Called directly: Spring's own way to a compiled expression takes as long as all the rest of an evaluation.
        void compile(SpelCompiler compiler) {
            if (tries.incrementAndGet() > MAXIMUM_TRIES) {
                interpreted = true;
                return;
            }
            compiled = compiler.compile((SpelNodeImpl) parsed.getAST());
        }
    }
}
