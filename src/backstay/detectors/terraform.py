"""Detector of AI services in Terraform: Bedrock and Azure agents and models, SageMaker and Vertex endpoints, stores."""

import re
from collections.abc import Callable, Iterator

from backstay.catalog.commands import Names
from backstay.detectors.support.cloud_facts import Cloud
from backstay.detectors.support.facts import owner_edge
from backstay.detectors.support.hcl import Block, Values, read_hcl
from backstay.detectors.support.named_models import named_model
from backstay.documents import Node
from backstay.images import parse_image
from backstay.model import Asset, Attributes, Kind
from backstay.model import RelationshipKind as Edge
from backstay.plugin import Fact, File, Selector, detector

_ID = "terraform"
MAX_SETTINGS = 5_000
MAX_DEPTH = 12
_SELECTOR = Selector(suffixes=(".tf", ".tofu", ".tfvars"))
_REFERENCE = re.compile(r"\$\{\s*([a-z]\w{0,80}\.[\w-]{1,100})(?:\[[^\]]{0,80}\])?\.[\w.]{1,80}\s*\}")
_STORES = {
    "pinecone_index": "pinecone",
    "qdrant-cloud_accounts_cluster": "qdrant",
    "weaviate_cluster": "weaviate",
    "zillizcloud_cluster": "milvus",
    "azurerm_search_service": "azure-ai-search",
    "google_vertex_ai_index": "vertex-ai",
    "google_discovery_engine_data_store": "vertex-ai-search",
    "aws_s3vectors_index": "s3-vectors",
}
_BASES = {
    "OPENSEARCH_SERVERLESS": "opensearch",
    "OPENSEARCH_MANAGED_CLUSTER": "opensearch",
    "PINECONE": "pinecone",
    "RDS": "pgvector",
    "REDIS_ENTERPRISE_CLOUD": "redis",
    "MONGO_DB_ATLAS": "mongodb",
    "NEPTUNE_ANALYTICS": "neptune",
    "S3_VECTORS": "s3-vectors",
}


@detector(
    _SELECTOR,
    Kind.AGENT,
    Kind.MODEL,
    Kind.PROVIDER,
    Kind.PROMPT,
    Kind.TOOL,
    Kind.VECTOR_STORE,
    Kind.GUARDRAIL,
    Kind.ENDPOINT,
    Kind.CONTAINER_IMAGE,
    Kind.DATASET,
)
def detect(file: File) -> Iterator[Fact]:
    if file.binary:
        return
    blocks = [] if file.name.lower().endswith(".tfvars") else read_hcl(file.text)
    reader = _Terraform(file, Values(blocks))
    if file.name.lower().endswith(".tfvars"):
        yield from reader.settings(Block("", (), 1, _top(file.text)), 0)
        return
    for block in blocks:
        if block.type == "resource" and len(block.labels) == 2:
            yield from reader.resource(block)
        elif block.type == "module" and block.labels and {"foundation_model", "instruction"} <= block.attributes.keys():
            yield from reader.agent(block, f"module.{block.labels[0]}", block.labels[0])
        elif block.type in ("module", "variable", "locals"):
            yield from reader.settings(block, 0)


def _top(text: str) -> dict[str, Node]:
    """The settings of a file of variables: they stand in no block."""
    return read_hcl("values {\n" + text.replace("\ufeff", "") + "\n}")[0].attributes


class _Terraform:
    def __init__(self, file: File, values: Values) -> None:
        self.file, self.values, self.cloud = file, values, Cloud(file, _ID)
        self.left = MAX_SETTINGS

    def text(self, block: Block, *path: str) -> str:
        return self.values.text(block.get(*path))

    def resource(self, block: Block) -> Iterator[Fact]:
        kind, name = block.labels
        make = _RESOURCES.get(kind)
        if make is not None:
            yield from make(self, block, f"{kind}.{name}", name)
        elif kind in _STORES:
            yield from self.store(block, f"{kind}.{name}", _STORES[kind])
        if make is None or kind == "aws_sagemaker_model":
            yield from self.settings(block, 0)

    def target(self, kind: Kind, node: Node) -> str:
        """The key of the resource that an attribute refers to; empty when it refers to none."""
        found = _REFERENCE.fullmatch(self.values.text(node))
        return self.cloud.key(kind, found[1]) if found else ""

    # Settings -------------------------------------------------------------------------------------------------------

    def settings(self, block: Block, depth: int) -> Iterator[Fact]:
        """Keys anywhere in a block that hold a model: variables' defaults, environments of containers and functions."""
        if depth > MAX_DEPTH:
            return
        if block.type == "variable" and block.labels:
            yield from self.setting(block.labels[0], block.get("default"), depth)
            return
        named = block.attributes.get("name"), block.attributes.get("value")
        if named[0] is not None and named[1] is not None:  # env { name = "MODEL"  value = "..." }
            yield from self.setting(self.values.text(named[0]), named[1], depth)
        for key, node in block.attributes.items():
            yield from self.setting(key, node, depth)
        for inner in block.blocks:
            yield from self.settings(inner, depth + 1)

    def setting(self, key: str, node: Node, depth: int) -> Iterator[Fact]:
        self.left -= 1
        if depth > MAX_DEPTH or self.left < 0:
            return
        if node.text:
            yield from self.cloud.setting(key, self.values.text(node), node.line)
        pair = node.get("name").text, node.get("value")
        if pair[0] and pair[1].text:
            yield from self.setting(pair[0], pair[1], depth + 1)
        for name, one in node.entries():
            yield from self.setting(name, one, depth + 1)
        for one in node.elements():
            yield from self.setting(key, one, depth + 1)

    # Bedrock --------------------------------------------------------------------------------------------------------

    def agent(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        title = self.text(block, "agent_name")
        agent = self.cloud.asset(
            Kind.AGENT,
            resource,
            name if "$" in title or not title else title,
            block.line,
            {"framework": "bedrock-agents"},
        )
        yield agent
        yield owner_edge(Edge.USES, agent.key, agent.evidence)
        node = block.get("foundation_model")
        model = self.cloud.bedrock_model(self.values.text(node), node.line)
        if model is not None:
            yield from self.cloud.served(model, "aws-bedrock", node.line)
            yield self.cloud.link(agent.key, Edge.USES, model.key, node.line, api="bedrock-agent")
        else:
            yield from self.cloud.provider("aws-bedrock", block.line)
            unresolved = self.values.text(node).removeprefix("${").removesuffix("}")[:100]
            yield self.cloud.link(
                agent.key, Edge.USES, "urn:backstay:provider:aws-bedrock", block.line, unresolved=unresolved
            )
        node = block.get("instruction")
        prompt = self.cloud.prompt(
            resource, f"{agent.name}.instruction", self.values.text(node), "instructions", node.line
        )
        if prompt is not None:
            yield prompt
            yield self.cloud.link(agent.key, Edge.USES, prompt.key, node.line, role="instructions")
        guardrail = self.target(Kind.GUARDRAIL, block.get("guardrail_configuration", "guardrail_identifier"))
        if guardrail:
            yield self.cloud.link(agent.key, Edge.GUARDED_BY, guardrail, block.line)

    def action_group(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        attributes: Attributes = {"framework": "bedrock-agents"}
        signature = self.text(block, "parent_action_group_signature")
        if signature == "AMAZON.CodeInterpreter":
            attributes["capabilities"] = ["runs_code"]
        title = self.text(block, "action_group_name")
        tool = self.cloud.asset(
            Kind.TOOL, resource, name if "$" in title or not title else title, block.line, attributes
        )
        yield tool
        agent = self.target(Kind.AGENT, block.get("agent_id"))
        if agent:
            yield self.cloud.link(agent, Edge.USES, tool.key, block.line)

    def collaborator(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        supervisor = self.target(Kind.AGENT, block.get("agent_id"))
        alias = self.values.text(block.get("agent_descriptor", "alias_arn"))
        found = _REFERENCE.fullmatch(alias)
        if supervisor and found:
            worker = found[1].replace("aws_bedrockagent_agent_alias.", "aws_bedrockagent_agent.")
            yield self.cloud.link(supervisor, Edge.DELEGATES_TO, self.cloud.key(Kind.AGENT, worker), block.line)

    def knowledge_base(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        product = _BASES.get(self.text(block, "storage_configuration", "type"), "bedrock-knowledge-base")
        store = self.cloud.asset(Kind.VECTOR_STORE, resource, product, block.line, {"product": product})
        yield store
        yield owner_edge(Edge.USES, store.key, store.evidence)
        node = block.get("knowledge_base_configuration", "vector_knowledge_base_configuration", "embedding_model_arn")
        model = self.cloud.bedrock_model(self.values.text(node), node.line, "embedding")
        if model is not None:
            yield from self.cloud.served(model, "aws-bedrock", node.line)
            yield self.cloud.link(store.key, Edge.USES, model.key, node.line)

    def association(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        agent = self.target(Kind.AGENT, block.get("agent_id"))
        base = self.target(Kind.VECTOR_STORE, block.get("knowledge_base_id"))
        if agent and base:
            yield self.cloud.link(agent, Edge.USES, base, block.line)

    def data_source(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        base = self.target(Kind.VECTOR_STORE, block.get("knowledge_base_id"))
        bucket = self.text(block, "data_source_configuration", "s3_configuration", "bucket_arn")
        title = bucket.removeprefix("arn:aws:s3:::")
        if base and bucket and "$" not in bucket:
            data = self.cloud.dataset(f"s3://{title}", block.line, resource)
            yield data
            yield self.cloud.link(base, Edge.CONSUMES, data.key, block.line)

    def bedrock_prompt(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        for number, variant in enumerate(list(block.all("variant"))[:20]):
            node = variant.get("template_configuration", "text", "text")
            prompt = self.cloud.prompt(f"{resource}.{number}", name, self.values.text(node), "template", node.line)
            if prompt is not None:
                yield prompt
                yield owner_edge(Edge.USES, prompt.key, prompt.evidence, role="template")
            model = self.cloud.bedrock_model(self.text(variant, "model_id"), variant.line)
            if model is not None:
                yield from self.cloud.served(model, "aws-bedrock", variant.line)
                yield owner_edge(Edge.USES, model.key, model.evidence)

    def guardrail(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        title = self.text(block, "name")
        attributes: Attributes = {"framework": "bedrock-guardrails"}
        asset = self.cloud.asset(
            Kind.GUARDRAIL, resource, name if "$" in title or not title else title, block.line, attributes
        )
        yield asset
        yield owner_edge(Edge.USES, asset.key, asset.evidence)

    def bedrock_use(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        """A custom model, throughput or profile: what it is made from is used."""
        nodes = (block.get("base_model_identifier"), block.get("model_arn"), block.get("model_source", "copy_from"))
        for node in nodes:
            model = self.cloud.bedrock_model(self.values.text(node), node.line)
            if model is None:
                continue
            yield from self.cloud.served(model, "aws-bedrock", node.line)
            yield owner_edge(Edge.USES, model.key, model.evidence)
            made = self.text(block, "custom_model_name")
            if made and "$" not in made:
                custom = self.cloud.model(made, "aws-bedrock", block.line)
                yield Asset(custom.key, custom.kind, made, custom.attributes | {"produced": True}, custom.evidence)
                yield self.cloud.link(custom.key, Edge.DERIVED_FROM, model.key, block.line)

    # SageMaker, Azure, Google -----------------------------------------------------------------------------------------

    def sagemaker_model(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        for inner in [*block.all("primary_container"), *block.all("container")][:20]:
            image = parse_image(self.text(inner, "image"))
            if image is not None:
                asset = image.asset(self.cloud.seen(inner.get("image").line))
                yield asset
                yield owner_edge(Edge.DEPENDS_ON, asset.key, asset.evidence, direct=True)
        yield from self.cloud.provider("aws-sagemaker", block.line)

    def sagemaker_endpoint(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        yield from self.endpoint(block, resource, self.text(block, "name") or name, name, "sagemaker")

    def endpoint(self, block: Block, resource: str, title: str, name: str, framework: str) -> Iterator[Fact]:
        asset = self.cloud.asset(
            Kind.ENDPOINT, resource, name if "$" in title or not title else title, block.line, {"framework": framework}
        )
        yield asset
        yield owner_edge(Edge.EXPOSES, asset.key, asset.evidence)

    def vertex_endpoint(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        yield from self.endpoint(block, resource, self.text(block, "display_name") or name, name, "vertex-ai")
        yield from self.cloud.provider("vertex-ai", block.line)
        endpoint = self.cloud.key(Kind.ENDPOINT, resource)
        named: tuple[tuple[str, Names, str], ...] = (
            ("hugging_face_model_id", "hub", ""),
            ("publisher_model_name", "any", "vertex-ai"),
        )
        for key, names, provider in named:
            node = block.get(key)
            text = self.values.text(node).rpartition("/models/")[2] if provider else self.values.text(node)
            model = named_model(self.file, text, names, provider, self.cloud.seen(node.line)) if text else None
            if model is not None:
                yield model
                yield self.cloud.link(endpoint, Edge.CALLS, model.key, node.line)

    def dialogflow(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        title = self.text(block, "display_name")
        agent = self.cloud.asset(
            Kind.AGENT,
            resource,
            name if "$" in title or not title else title,
            block.line,
            {"framework": block.labels[0]},
        )
        yield agent
        yield owner_edge(Edge.USES, agent.key, agent.evidence)

    def azure_deployment(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        node = block.get("model", "name")
        text = self.values.text(node)
        version = self.text(block, "model", "version")
        yield from self.cloud.provider("azure-openai", block.line)
        if not text or "$" in text:
            return
        task = "embedding" if "embedding" in text else ""
        model = self.cloud.model(text, "azure-openai", node.line, task)
        yield from self.cloud.served(model, "azure-openai", node.line)
        known = {"revision": version} if version and "$" not in version else {}
        yield owner_edge(Edge.USES, model.key, model.evidence, api="azurerm_cognitive_deployment", **known)

    def azure_account(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        if self.text(block, "kind") in ("OpenAI", "AIServices"):
            yield from self.cloud.provider("azure-openai", block.line)

    def store(self, block: Block, resource: str, product: str) -> Iterator[Fact]:
        asset = self.cloud.asset(Kind.VECTOR_STORE, resource, product, block.line, {"product": product})
        yield asset
        yield owner_edge(Edge.USES, asset.key, asset.evidence)

    def collection(self, block: Block, resource: str, name: str) -> Iterator[Fact]:
        if self.text(block, "type") == "VECTORSEARCH":
            yield from self.store(block, resource, "opensearch")


_RESOURCES: dict[str, Callable[[_Terraform, Block, str, str], Iterator[Fact]]] = {
    "aws_bedrockagent_agent": _Terraform.agent,
    "aws_bedrockagent_agent_action_group": _Terraform.action_group,
    "aws_bedrockagent_agent_collaborator": _Terraform.collaborator,
    "aws_bedrockagent_knowledge_base": _Terraform.knowledge_base,
    "aws_bedrockagent_agent_knowledge_base_association": _Terraform.association,
    "aws_bedrockagent_data_source": _Terraform.data_source,
    "aws_bedrockagent_prompt": _Terraform.bedrock_prompt,
    "aws_bedrock_guardrail": _Terraform.guardrail,
    "aws_bedrock_custom_model": _Terraform.bedrock_use,
    "aws_bedrock_provisioned_model_throughput": _Terraform.bedrock_use,
    "aws_bedrock_inference_profile": _Terraform.bedrock_use,
    "aws_sagemaker_model": _Terraform.sagemaker_model,
    "aws_sagemaker_endpoint": _Terraform.sagemaker_endpoint,
    "aws_opensearchserverless_collection": _Terraform.collection,
    "azurerm_cognitive_deployment": _Terraform.azure_deployment,
    "azurerm_cognitive_account": _Terraform.azure_account,
    "google_vertex_ai_endpoint": _Terraform.vertex_endpoint,
    "google_vertex_ai_endpoint_with_model_garden_deployment": _Terraform.vertex_endpoint,
    "google_dialogflow_cx_agent": _Terraform.dialogflow,
    "google_dialogflow_agent": _Terraform.dialogflow,
}
