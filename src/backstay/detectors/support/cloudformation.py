"""CloudFormation, SAM and synthesised CDK templates: Bedrock's agents and SageMaker's models."""

from collections.abc import Iterator

from backstay.detectors.support.cloud_facts import Cloud
from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.named_models import named_model
from backstay.documents import Node
from backstay.images import parse_image
from backstay.model import Asset, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File

MAX_RESOURCES = 2_000
_HUB_VARIABLES = ("HF_MODEL_ID", "MODEL_ID")


class Template:
    """One template; a resource is known by its logical id."""

    def __init__(self, file: File, root: Node, source: str) -> None:
        self.file, self.root, self.cloud = file, root, Cloud(file, source)
        self.resources = list(root.get("Resources").entries())[:MAX_RESOURCES]

    def facts(self) -> Iterator[Fact]:
        for name, node in self.root.get("Parameters").entries():
            yield from self.cloud.setting(name, node.get("Default").text, node.get("Default").line)
        for name, node in self.resources:
            properties = node.get("Properties")
            match node.get("Type").text:
                case "AWS::Bedrock::Agent":
                    yield from self._agent(name, properties, node.line)
                case "AWS::Bedrock::KnowledgeBase":
                    yield from self._base(name, properties, node.line)
                case "AWS::Bedrock::Guardrail":
                    title = properties.get("Name").text or name
                    guard = self.cloud.asset(
                        Kind.GUARDRAIL, name, title, node.line, {"framework": "bedrock-guardrails"}
                    )
                    yield guard
                    yield owner_edge(Edge.USES, guard.key, guard.evidence)
                case "AWS::SageMaker::Model":
                    yield from self._model(properties, node.line)
                case "AWS::SageMaker::Endpoint":
                    title = properties.get("EndpointName").text or name
                    endpoint = self.cloud.asset(Kind.ENDPOINT, name, title, node.line, {"framework": "sagemaker"})
                    yield endpoint
                    yield owner_edge(Edge.EXPOSES, endpoint.key, endpoint.evidence)
                case "AWS::Lambda::Function" | "AWS::Serverless::Function":
                    for key, one in properties.get("Environment", "Variables").entries():
                        yield from self.cloud.setting(key, self._text(one), one.line)

    def _text(self, node: Node) -> str:
        """A text, a parameter's default where the parameter is referred to, or what a substitution starts from."""
        text = node.text or node.get("Ref").text or node.get("Fn::Sub").text
        default = self.root.get("Parameters", text, "Default").text if text else ""
        return default or ("" if node.get("Ref").text else text)

    def _agent(self, name: str, properties: Node, line: int) -> Iterator[Fact]:
        title = self._text(properties.get("AgentName"))
        named = name if not title or "$" in title else title
        agent = self.cloud.asset(Kind.AGENT, name, named, line, {"framework": "bedrock-agents"})
        yield agent
        yield owner_edge(Edge.USES, agent.key, agent.evidence)
        node = properties.get("FoundationModel")
        yield from self._bedrock(agent, self._text(node), node.line or line)
        node = properties.get("Instruction")
        prompt = self.cloud.prompt(name, f"{named}.instruction", self._text(node), "instructions", node.line)
        if prompt is not None:
            yield prompt
            yield self.cloud.link(agent.key, Edge.USES, prompt.key, node.line, role="instructions")
        for group in properties.get("ActionGroups").elements():
            label = self._text(group.get("ActionGroupName"))
            if label and "$" not in label:
                runs = group.get("ParentActionGroupSignature").text == "AMAZON.CodeInterpreter"
                capabilities: dict[str, list[str]] = {"capabilities": ["runs_code"]} if runs else {}
                tool = self.cloud.asset(
                    Kind.TOOL, f"{name}.{label}", label, group.line, {"framework": "bedrock-agents", **capabilities}
                )
                yield tool
                yield self.cloud.link(agent.key, Edge.USES, tool.key, group.line)
        for base in properties.get("KnowledgeBases").elements():
            yield self.cloud.link(
                agent.key, Edge.USES, self.cloud.key(Kind.VECTOR_STORE, self._target(base.get("KnowledgeBaseId"))), line
            )
        guard = self._target(properties.get("GuardrailConfiguration", "GuardrailIdentifier"))
        if guard:
            yield self.cloud.link(agent.key, Edge.GUARDED_BY, self.cloud.key(Kind.GUARDRAIL, guard), line)

    def _target(self, node: Node) -> str:
        """The logical id of the resource that a reference means."""
        attribute = node.get("Fn::GetAtt")
        text = node.get("Ref").text or attribute.get(0).text or attribute.text or node.text
        return text.partition(".")[0]

    def _bedrock(self, subject: Asset, text: str, line: int) -> Iterator[Fact]:
        model = self.cloud.bedrock_model(text, line, "embedding" if subject.kind == Kind.VECTOR_STORE else "")
        if model is not None:
            yield from self.cloud.served(model, "aws-bedrock", line)
            yield self.cloud.link(subject.key, Edge.USES, model.key, line)

    def _base(self, name: str, properties: Node, line: int) -> Iterator[Fact]:
        product = {"OPENSEARCH_SERVERLESS": "opensearch", "PINECONE": "pinecone", "RDS": "pgvector"}.get(
            properties.get("StorageConfiguration", "Type").text, "bedrock-knowledge-base"
        )
        store = self.cloud.asset(Kind.VECTOR_STORE, name, product, line, {"product": product})
        yield store
        yield owner_edge(Edge.USES, store.key, store.evidence)
        node = properties.get("KnowledgeBaseConfiguration", "VectorKnowledgeBaseConfiguration", "EmbeddingModelArn")
        yield from self._bedrock(store, self._text(node), node.line or line)

    def _model(self, properties: Node, line: int) -> Iterator[Fact]:
        yield from self.cloud.provider("aws-sagemaker", line)
        for one in [properties.get("PrimaryContainer"), *properties.get("Containers").elements()][:20]:
            image = parse_image(self._text(one.get("Image"))) if one.get("Image").line else None
            if image is not None:
                asset = image.asset(self.cloud.seen(one.get("Image").line))
                yield asset
                yield owner_edge(Edge.DEPENDS_ON, asset.key, asset.evidence, direct=True)
            for key in _HUB_VARIABLES:
                node = one.get("Environment", key)
                text = self._text(node)
                model = named_model(self.file, text, "hub", "", self.cloud.seen(node.line)) if text else None
                if model is not None:
                    yield model
                    yield owner_edge(Edge.USES, model.key, model.evidence)
