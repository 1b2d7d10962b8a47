package io.idempotent.spring.expression;

import io.idempotent.spring.interceptor.IdempotentCall;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.springframework.expression.BeanResolver;
import org.springframework.expression.ConstructorResolver;
import org.springframework.expression.EvaluationContext;
import org.springframework.expression.IndexAccessor;
import org.springframework.expression.MethodResolver;
import org.springframework.expression.OperatorOverloader;
import org.springframework.expression.PropertyAccessor;
import org.springframework.expression.TypeComparator;
import org.springframework.expression.TypeConverter;
import org.springframework.expression.TypeLocator;
import org.springframework.expression.TypedValue;

/**
 * One call as an expression sees it: variables and root are the call's, everything else is shared. Small, since one is
 * made for each evaluation.
 */
final class CallEvaluationContext implements EvaluationContext {

    private final EvaluationContext shared;
    private final Variables variables;
    private final IdempotentCall call;
    private final @Nullable Object result;

    CallEvaluationContext(EvaluationContext shared, Variables variables, IdempotentCall call, @Nullable Object result) {
        this.shared = shared;
        this.variables = variables;
        this.call = call;
        this.result = result;
    }

    @Override
    public TypedValue getRootObject() {
        return variables.usesRoot() ? new TypedValue(new CallRoot(call)) : TypedValue.NULL;
    }

    @Override
    public @Nullable Object lookupVariable(String name) {
        int index = variables.indexOfUsed(name);
        if (index >= 0) {
            return call.arguments()[index];
        }
        return name.equals(Variables.RESULT) ? result : null;
    }

    @Override
    public void setVariable(String name, @Nullable Object value) {
        throw new UnsupportedOperationException("An expression of @Idempotent cannot assign #" + name);
    }

    @Override
    public boolean isAssignmentEnabled() {
        return false;
    }

    @Override
    public List<PropertyAccessor> getPropertyAccessors() {
        return shared.getPropertyAccessors();
    }

    @Override
    public List<IndexAccessor> getIndexAccessors() {
        return shared.getIndexAccessors();
    }

    @Override
    public List<ConstructorResolver> getConstructorResolvers() {
        return shared.getConstructorResolvers();
    }

    @Override
    public List<MethodResolver> getMethodResolvers() {
        return shared.getMethodResolvers();
    }

    @Override
    public @Nullable BeanResolver getBeanResolver() {
        return shared.getBeanResolver();
    }

    @Override
    public TypeLocator getTypeLocator() {
        return shared.getTypeLocator();
    }

    @Override
    public TypeConverter getTypeConverter() {
        return shared.getTypeConverter();
    }

    @Override
    public TypeComparator getTypeComparator() {
        return shared.getTypeComparator();
    }

    @Override
    public OperatorOverloader getOperatorOverloader() {
        return shared.getOperatorOverloader();
    }
}
