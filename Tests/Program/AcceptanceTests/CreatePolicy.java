import java.util.Map;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.server.policy.CreateTopicPolicy;

/** A broker's policy for tests: every topic names its min.insync.replicas. Also an agent that does nothing, so that the broker finds the class. */
public class CreatePolicy implements CreateTopicPolicy {
    public static void premain(String arguments) {}

    @Override
    public void configure(Map<String, ?> settings) {}

    @Override
    public void validate(RequestMetadata topic) {
        if (!topic.configs().containsKey("min.insync.replicas")) {
            throw new PolicyViolationException("a topic must name its min.insync.replicas");
        }
    }

    @Override
    public void close() {}
}
