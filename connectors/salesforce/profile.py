"""Veeva CRM as it is on Salesforce: the fields that master data is made of, ready to be asked for.

A field an org does not have is left out; the customer's own are asked for by `fields`.
"""

from collections.abc import Mapping

# What Bulk API 2.0 cannot put into a column.
COMPOUND = {"address", "location", "base64", "complexvalue", "anyType", "json"}
SYSTEM = ("Id", "IsDeleted", "SystemModstamp")
READY = {
    "Account": (
        "Name", "IsPersonAccount", "RecordTypeId", "Salutation", "FirstName", "Middle_vod__c", "LastName", "Suffix_vod__c",
        "Formatted_Name_vod__c", "NPI_vod__c", "External_ID_vod__c", "Specialty_1_vod__c", "Specialty_2_vod__c",
        "Credentials_vod__c", "Gender_vod__c", "PersonBirthdate", "Primary_Parent_vod__c", "PersonEmail", "PersonMobilePhone",
        "Phone", "Fax", "Website", "BillingStreet", "BillingCity", "BillingState", "BillingPostalCode", "BillingCountry",
        "PersonMailingStreet", "PersonMailingCity", "PersonMailingState", "PersonMailingPostalCode", "PersonMailingCountry",
        "Account_Type__c", "Status__c", "PDRP_Opt_Out_vod__c", "Do_Not_Call_vod__c",
        "MasterRecordId",
    ),
    "Address_vod__c": (
        "Account_vod__c", "Name", "Address_line_2_vod__c", "City_vod__c", "State_vod__c", "Zip_vod__c", "Zip_4_vod__c",
        "Country_vod__c", "Brick_vod__c", "Primary_vod__c", "Billing_vod__c", "Shipping_vod__c", "Inactive_vod__c",
        "License_vod__c", "License_Status_vod__c", "License_Expiration_Date_vod__c", "DEA_vod__c", "DEA_Status_vod__c",
        "DPS_vod__c", "Latitude_vod__c", "Longitude_vod__c", "External_ID_vod__c", "Phone_vod__c", "Fax_2_vod__c",
    ),
    "Child_Account_vod__c": (
        "Parent_Account_vod__c", "Child_Account_vod__c", "Primary_vod__c", "External_ID_vod__c",
    ),
}  # fmt: skip
# Reached through a relationship: a name that is the same in every org, and whether it is a person that a row belongs to.
RELATED = {
    "Account": {"RecordTypeId": "RecordType.DeveloperName"},
    "Address_vod__c": {"Account_vod__c": "Account_vod__r.IsPersonAccount"},
    "Child_Account_vod__c": {"Child_Account_vod__c": "Child_Account_vod__r.IsPersonAccount"},
}


def fields(name: str, there: Mapping[str, str], chosen: str) -> list[str]:
    """What to ask of an object if nobody says; `there` are its fields and their types."""
    simple = [field for field, kind in there.items() if kind not in COMPOUND]
    ready = READY.get(name)
    if chosen == "all" or ready is None or not any(field.endswith("_vod__c") for field in there):
        return simple
    related = [path for field, path in RELATED.get(name, {}).items() if field in there]
    return [*(field for field in (*SYSTEM, *ready) if field in simple), *related]
