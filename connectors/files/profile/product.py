"""Registers of products: NDC, UNII, Drugs@FDA, GUDID."""

from connectors.files.profile.kind import Kind, Profile

_TABS = {"delimiter": "tab", "quote": ""}
_WHOLE = {"delivery": "full"}

NDC = Profile(
    "ndc",
    "The directory of National Drug Codes, replaced as a whole each day; what has been removed just disappears.",
    {
        # PRODUCTID is made of the code and the number of a document, and changes with each version of the document.
        "products": Kind(
            "Products.",
            ("PRODUCTNDC",),
            {**_TABS, "member": ["product.txt", "product.xls"]},
            _WHOLE,
            (
                {
                    "entity": "material",
                    "constants": {"level": "product"},
                    "fields": {
                        "PRODUCTNDC": "ndc",
                        "PROPRIETARYNAME": "name",
                        "NONPROPRIETARYNAME": "description",
                        "DOSAGEFORMNAME": "dose_form",
                        "ROUTENAME": "route",
                        "LABELERNAME": "manufacturer",
                        "SUBSTANCENAME": "substances",
                        "ACTIVE_NUMERATOR_STRENGTH": "strength_value",
                        "ACTIVE_INGRED_UNIT": "strength_unit",
                        "APPLICATIONNUMBER": "authorisation",
                    },
                },
            ),
        ),
        "packages": Kind(
            "Packages of the products.",
            ("NDCPACKAGECODE",),
            {**_TABS, "member": ["package.txt", "package.xls"]},
            _WHOLE,
            (
                {
                    "entity": "material",
                    "constants": {"level": "package"},
                    "fields": {"NDCPACKAGECODE": "ndc", "PACKAGEDESCRIPTION": "description"},
                },
            ),
        ),
        "unfinished_products": Kind(
            "Unfinished drugs.",
            ("PRODUCTNDC",),
            {**_TABS, "member": ["unfinished_product.txt", "unfinished_product.xls"]},
            _WHOLE,
            (
                {
                    "entity": "material",
                    "constants": {"level": "product"},
                    "fields": {
                        "PRODUCTNDC": "ndc",
                        "NONPROPRIETARYNAME": "name",
                        "DOSAGEFORMNAME": "dose_form",
                        "LABELERNAME": "manufacturer",
                        "SUBSTANCENAME": "substances",
                        "ACTIVE_NUMERATOR_STRENGTH": "strength_value",
                        "ACTIVE_INGRED_UNIT": "strength_unit",
                    },
                },
            ),
        ),
        "unfinished_packages": Kind(
            "Packages of unfinished drugs.",
            ("NDCPACKAGECODE",),
            {**_TABS, "member": ["unfinished_package.txt", "unfinished_package.xls"]},
            _WHOLE,
        ),
    },
)

UNII = Profile(
    "unii",
    "Unique ingredient identifiers: one file of substances, one of all their names; both replaced as a whole.",
    {
        "records": Kind(
            "Substances.",
            ("UNII",),
            {**_TABS, "member": "UNII_Records*.txt"},
            _WHOLE,
            (
                {
                    "entity": "material",
                    "constants": {"level": "substance"},
                    "fields": {"UNII": "unii", "PT": "name", "DISPLAY_NAME": "name", "RN": "cas"},
                },
            ),
        ),
        "names": Kind(
            "Names of substances.",
            ("UNII", "Name"),
            {**_TABS, "member": "UNII_Names*.txt"},
            _WHOLE,
            ({"entity": "material", "constants": {"level": "substance"}, "fields": {"UNII": "unii", "Display Name": "name"}},),
        ),
    },
)


def _approved(about: str, key: str, file: str, *maps: dict) -> Kind:
    return Kind(about, key.split(), {**_TABS, "member": file}, _WHOLE, maps)


DRUGSATFDA = Profile(
    "drugsatfda",
    "The medicines approved in the United States, as one zip with a file for each stream; replaced as a whole.",
    {
        "products": _approved(
            "Products.",
            "ApplNo ProductNo",
            "Products.txt",
            {
                "entity": "material",
                "constants": {"level": "product"},
                # "TABLET, EXTENDED RELEASE;ORAL": the rules take the form from the front and the route from behind.
                "fields": {
                    "DrugName": "name",
                    "ActiveIngredient": "substances",
                    "Strength": "strength",
                    "Form": ["dose_form", "route"],
                    "ApplNo": "authorisation",
                    "ProductNo": "presentation",
                },
            },
        ),
        "applications": _approved("Applications.", "ApplNo", "Applications.txt"),
        "submissions": _approved("Submissions.", "ApplNo SubmissionType SubmissionNo", "Submissions.txt"),
        "submission_properties": _approved(
            "Properties of submissions.",
            "ApplNo SubmissionType SubmissionNo SubmissionPropertyTypeCode",
            "SubmissionPropertyType.txt",
        ),
        "documents": _approved("Documents of applications.", "ApplicationDocsID", "ApplicationDocs.txt"),
        "marketing_status": _approved("Marketing status of products.", "ApplNo ProductNo", "MarketingStatus.txt"),
        "equivalence": _approved("Therapeutic equivalence.", "ApplNo ProductNo MarketingStatusID TECode", "TE.txt"),
        "action_types": _approved("Types of action.", "ActionTypes_LookupID", "ActionTypes_Lookup.txt"),
        "document_types": _approved("Types of documents.", "ApplicationDocsType_Lookup_ID", "ApplicationsDocsType_Lookup.txt"),
        "marketing_statuses": _approved("Kinds of marketing status.", "MarketingStatusID", "MarketingStatus_Lookup.txt"),
        "submission_classes": _approved("Classes of submissions.", "SubmissionClassCodeID", "SubmissionClass_Lookup.txt"),
    },
)

_PIPES = {"delimiter": "pipe", "quote": ""}
GUDID = Profile(
    "gudid",
    "The register of medical devices as its delimited release files.",
    {
        "devices": Kind(
            "Devices.",
            ("PrimaryDI",),
            {**_PIPES, "member": "device.txt"},
            {"inactive": {"field": "deviceCommDistributionStatus", "values": ["Not in Commercial Distribution"]}},
            (
                {
                    "entity": "material",
                    "constants": {"level": "product"},
                    "fields": {
                        "PrimaryDI": "gtin",
                        "brandName": "name",
                        "deviceDescription": "description",
                        "companyName": "manufacturer",
                        "catalogNumber": "part_number",
                    },
                },
            ),
        ),
        "identifiers": Kind(
            "Their identifiers.", ("PrimaryDI", "deviceId", "deviceIdType"), {**_PIPES, "member": "identifiers.txt"}
        ),
        "contacts": Kind("Whom to ask.", ("PrimaryDI", "phone", "email"), {**_PIPES, "member": "contacts.txt"}),
        "terms": Kind("What kind of device.", ("PrimaryDI", "gmdnPTName"), {**_PIPES, "member": "gmdnTerms.txt"}),
        "codes": Kind("Product codes.", ("PrimaryDI", "productCode"), {**_PIPES, "member": "productCodes.txt"}),
    },
)

ALL = (NDC, UNII, DRUGSATFDA, GUDID)
